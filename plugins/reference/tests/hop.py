"""A DSPy program of two predictors: one writes a search query, the other answers from what it finds."""

from __future__ import annotations

from typing import Any

import dspy  # type: ignore[import-untyped]
from gepa_offline import OfflineServer, domain
from gepa_offline.domains.multi_hop.corpus import search

HOP = domain("multi_hop")


class Hop(dspy.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.query = dspy.Predict(dspy.Signature("question -> query", HOP.seed_texts["query"]))
        self.answer = dspy.Predict(dspy.Signature("passages, question -> answer", HOP.seed_texts["answer"]))

    def forward(self, question: str) -> Any:
        query = self.query(question=question).query
        found = [str(passage) for passage in search(query)]
        shown = "\n".join(f"[{number}] {passage}" for number, passage in enumerate(found, 1))
        answer = self.answer(passages=shown or "[1] Nothing was found.", question=question).answer
        return dspy.Prediction(query=query, passages=found, answer=answer)


class PlainText(dspy.ChatAdapter):  # type: ignore[misc]
    """The simulated model knows nothing of DSPy's markers: its whole answer is the one output field."""

    def parse(self, signature: Any, completion: str) -> dict[str, Any]:
        (name,) = signature.output_fields
        return {name: completion.strip()}


def model(server: OfflineServer, name: str = "simulated-task") -> Any:
    return dspy.LM(f"openai/{name}", api_base=server.base_url, api_key="offline", cache=False, num_retries=0)


def rows(split: Any, count: int) -> list[Any]:
    return [
        dspy.Example(question=row["inputs"]["question"], row=row).with_inputs("question")
        for row in HOP.rows(split, count)
    ]


def metric(gold: Any, pred: Any, trace: Any = None, name: str | None = None, _own: Any = None) -> Any:  # noqa: ARG001
    said = HOP.metric(gold.row, pred)
    feedback = said.text if name is None else said.by_component[name]
    return dspy.Prediction(score=said.score, feedback=feedback)
