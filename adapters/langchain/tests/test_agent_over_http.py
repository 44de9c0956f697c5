"""The whole way: an agent with five tools, optimised over HTTP against the simulated models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gepa_offline
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph.state import CompiledStateGraph

from gepa_core import optimize
from gepa_core.types import Feedback

DESK = gepa_offline.domain("tool_use")


@tool
def find_order(order_id: str) -> str:
    """Looks up an order."""
    return f"order {order_id} is on its way"


@tool
def refund_payment(amount: str, currency: str) -> str:
    """Pays money back."""
    return f"paid back {amount} {currency}"


@tool
def book_visit(date: str, time: str) -> str:
    """Books a technician."""
    return f"a technician comes on {date} at {time}"


@tool
def search_help(language: str) -> str:
    """Searches the help pages."""
    return f"a page in {language}"


@tool
def open_case(reference: str) -> str:
    """Opens a case for a colleague."""
    return f"case {reference} is open"


TOOLS = [find_order, refund_payment, book_visit, search_help, open_case]


def rows(split: Any, count: int) -> list[dict[str, Any]]:
    return [
        {"inputs": {"messages": [("human", row["inputs"]["request"])]}, "row": row}
        for row in DESK.rows(split, count)
    ]


def metric(example: Mapping[str, Any], output: Mapping[str, Any]) -> Feedback:
    """The domain's own metric, on the first call of a tool."""
    calls = [call for said in output["messages"] if isinstance(said, AIMessage) for call in said.tool_calls]
    first: Mapping[str, Any] = calls[0] if calls else {"name": "", "args": {}}
    found = DESK.metric(example["row"], {"tool": first["name"], "arguments": first["args"]})
    names = {"agent": "system"} | {one.name: f"tool.{one.name}" for one in TOOLS}
    by_component = {names[name]: text for name, text in found.by_component.items()}
    return Feedback(
        score=found.score, text=found.text, objectives=found.objectives, by_component=by_component
    )


def test_an_agent_and_its_tools_get_better_over_http(tmp_path: Path) -> None:
    with gepa_offline.serve(seed=0) as server:

        def client(model: str) -> ChatOpenAI:
            return ChatOpenAI(base_url=server.base_url, api_key="offline", model=model)  # type: ignore[arg-type]

        instruction = "You serve the customers of a shop for devices.\nCall the one tool that helps."
        agent = create_agent(client("simulated-task"), TOOLS, system_prompt=instruction)
        result = optimize(
            agent,
            trainset=rows("train", 20),
            valset=rows("val", 12),
            testset=rows("test", 15),
            metric=metric,
            reflection_lm=client("simulated-reflection"),
            components="all",
            budget=220,
            run_dir=tmp_path / "run",
            seed=1,
        )
        answer = result.app.invoke(rows("test", 1)[0]["inputs"])["messages"][-1]
    assert isinstance(result.app, CompiledStateGraph)
    assert answer.text.startswith("It is done.")
    names = ["system", *(f"tool.{one.name}" for one in TOOLS)]
    assert sorted(result.best.texts) == sorted(names)
    assert result.val.best_mean > result.val.seed_mean + 0.1
    assert result.test is not None
    assert result.test.best_mean > result.test.seed_mean
    assert [one.description for one in TOOLS] == [
        "Looks up an order.",
        "Pays money back.",
        "Books a technician.",
        "Searches the help pages.",
        "Opens a case for a colleague.",
    ]
