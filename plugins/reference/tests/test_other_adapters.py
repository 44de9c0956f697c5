"""Further adapters of the package gepa, unchanged: retrieval over a vector store, tools over MCP."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gepa.adapters.generic_rag_adapter import GenericRAGAdapter, VectorStoreInterface
from gepa_offline import SimulatedModel, domain, reflection_model
from gepa_offline.domains.multi_hop.corpus import search
from gepa_reference import optimize, wrap

from gepa_core.types import Component

HOP = domain("multi_hop")


class Corpus(VectorStoreInterface):
    """The multi-hop corpus as a vector store in memory."""

    def similarity_search(self, query: str, k: int = 5, filters: Any = None) -> list[dict[str, Any]]:  # noqa: ARG002
        found = [str(passage) for passage in search(query)][:k]
        return [
            {"content": text, "metadata": {"doc_id": text.partition(":")[0]}, "score": 1.0} for text in found
        ]

    def vector_search(self, query_vector: list[float], k: int = 5, filters: Any = None) -> Any:
        raise NotImplementedError

    def get_collection_info(self) -> dict[str, Any]:
        return {"name": "multi_hop", "vector_store_type": "memory"}


def rag_rows(split: Any, count: int) -> list[dict[str, Any]]:
    return [
        {
            "query": row["inputs"]["question"],
            "ground_truth_answer": row["expected"]["answer"],
            "relevant_doc_ids": [row["expected"]["passage"]],
            "metadata": {},
        }
        for row in HOP.rows(split, count)
    ]


def ask(messages: Any) -> str:
    return SimulatedModel().answer(messages)


def test_retrieval_over_a_vector_store(tmp_path: Path) -> None:
    adapter = GenericRAGAdapter(vector_store=Corpus(), llm_model=ask, embedding_function=lambda _: [0.0])
    seed = {"query_reformulation": HOP.seed_texts["query"], "answer_generation": HOP.seed_texts["answer"]}
    result = optimize(
        seed,
        rag_rows("train", 6),
        rag_rows("val", 6),
        adapter,
        reflection_lm=reflection_model(),
        budget=60,
        run_dir=tmp_path,
    )
    proposed = [proposal for proposal in result.proposals if proposal.kind == "mutation" and proposal.texts]
    assert proposed
    assert all(seed.keys() > set(proposal.components) for proposal in proposed)
    rollout = wrap(adapter, seed).run({}, rag_rows("train", 1)[0])
    assert {name for step in rollout.trajectory.steps for name in step.components} == seed.keys()


def test_a_component_says_which_placeholders_it_needs() -> None:
    adapter = GenericRAGAdapter(vector_store=Corpus(), llm_model=ask, embedding_function=lambda _: [0.0])
    answer = Component(name="", text="Answer {query}.", syntax="braces", purpose="Writes the answer.")
    (component,) = wrap(adapter, {"answer_generation": answer}).components
    assert (component.name, component.placeholders) == ("answer_generation", ("{query}",))


def test_tools_over_mcp(tmp_path: Path) -> None:
    from gepa.adapters.mcp_adapter import MCPAdapter
    from mcp import StdioServerParameters

    def choose(messages: Any) -> str:
        told = "\n".join(message["content"] for message in messages)
        if "opens at nine" in told:
            return "It opens at nine."
        if "opening hours" not in messages[0]["content"]:
            return "I do not know."
        return json.dumps({"action": "call_tool", "tool": "opening_hours", "arguments": {"shop": "Ada's"}})

    server = Path(__file__).with_name("mcp_server.py")
    adapter = MCPAdapter(
        tool_names="opening_hours",
        task_model=choose,
        metric_fn=lambda row, output: float((row["reference_answer"] or "") in output),
        server_params=StdioServerParameters(command=sys.executable, args=["-S", str(server)]),
    )
    rows = [
        {
            "user_query": f"When does shop {number} open?",
            "tool_arguments": {},
            "reference_answer": "nine",
            "additional_context": {},
        }
        for number in range(6)
    ]
    prompts: list[str] = []

    def reflect(prompt: str) -> str:
        prompts.append(prompt)
        return "```\nLooks up the opening hours of a shop.\n```"

    result = optimize(
        {"tool_description": "Looks up something."},
        rows[:3],
        rows[3:],
        adapter,
        reflection_lm=reflect,
        budget=20,
        run_dir=tmp_path,
    )
    assert (result.val.seed_mean, result.val.best_mean) == (0, 1)
    assert result.app == {"tool_description": "Looks up the opening hours of a shop."}
    assert "I do not know." in prompts[0]
