"""The triage half of the support desk as gepa's default adapter sees it: one instruction, one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gepa.adapters.default_adapter.default_adapter import DefaultAdapter, EvaluationResult
from gepa_offline import SimulatedModel, domain, reflection_model
from gepa_reference import optimize

from gepa_core.result import Result

DESK = domain("support_desk")
SEED = {"triage": DESK.seed_texts["triage"]}


def rows(split: Any, count: int) -> list[dict[str, Any]]:
    return [
        {"input": row["inputs"]["ticket"], "additional_context": row["expected"], "answer": "queue"}
        for row in DESK.rows(split, count)
    ]


def ask(messages: Sequence[Mapping[str, Any]]) -> str:
    return SimulatedModel().answer(messages)


def judge(data: Mapping[str, Any], response: str) -> EvaluationResult:
    """The desk's own metric, as far as it is about the triage."""
    said = DESK.metric({"expected": data["additional_context"]}, {"triage": response, "reply": ""})
    objectives = {name: said.objectives[name] for name in ("queue", "priority")}
    return EvaluationResult(sum(objectives.values()) / 2, said.by_component["triage"], objectives)


def adapter(model: Callable[..., str] = ask) -> DefaultAdapter:
    return DefaultAdapter(model=model, evaluator=judge)


def run(run_dir: Path, *, budget: int = 200, **options: Any) -> Result:
    options = {"adapter": adapter(), "reflection_lm": reflection_model(), **options}
    return optimize(SEED, rows("train", 20), rows("val", 20), budget=budget, run_dir=run_dir, **options)
