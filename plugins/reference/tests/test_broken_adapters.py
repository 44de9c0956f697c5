"""Adapters that break gepa's protocol: the run ends with their name, and nothing of it is scored."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gepa.core.adapter import EvaluationBatch, ProposalFn
from gepa_reference import optimize

from gepa_core.errors import PluginError
from gepa_core.store import Store


class Broken:
    """Returns what it was made with, when it is asked for the row ``"c"``."""

    propose_new_texts: ProposalFn | None = None

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def evaluate(self, batch: list[str], _candidate: Any, capture_traces: bool = False) -> Any:
        if "c" in batch:
            return self.returned
        traces: list[Any] | None = [{} for _ in batch] if capture_traces else None
        return EvaluationBatch(outputs=list(batch), scores=[0.5] * len(batch), trajectories=traces)

    def make_reflective_dataset(self, _candidate: Any, _batch: Any, names: list[str]) -> Any:
        return {name: [{"Feedback": "better"}] for name in names}


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (
            EvaluationBatch(outputs=[], scores=[]),
            "returned 0 scores and 0 outputs from evaluate for 1 example",
        ),
        (EvaluationBatch(outputs=["c"], scores=[]), "returned 0 scores and 1 outputs from evaluate for 1"),
        (EvaluationBatch(outputs=["c", "c"], scores=[1.0, 1.0]), "returned 2 scores and 2 outputs"),
        (None, "returned None from evaluate, which is no EvaluationBatch"),
        ([1.0], "returned [1.0] from evaluate, which is no EvaluationBatch"),
        (SimpleNamespace(scores=1.0, outputs="c"), "which is no EvaluationBatch"),
    ],
)
def test_an_adapter_that_returns_fewer_results_is_named(tmp_path: Path, returned: Any, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        optimize(
            {"text": "a"},
            ["a", "b", "c"],
            None,
            Broken(returned),
            reflection_lm=lambda prompt: prompt,
            budget=40,
            run_dir=tmp_path,
        )
    assert said in str(caught.value)
    assert caught.value.plugin == f"{__name__}.Broken"
    store = Store.read(tmp_path)
    assert store.proposals() == []
    store.close()


@pytest.mark.parametrize("score", [None, float("nan"), "high"])
def test_a_score_that_is_none_is_no_score_here_either(tmp_path: Path, score: Any) -> None:
    from gepa_core.errors import MetricError

    batch: EvaluationBatch[Any, Any] = EvaluationBatch(outputs=["c"], scores=[score], trajectories=[{}])
    with pytest.raises(MetricError, match="the metric raised ValueError"):
        optimize(
            {"text": "a"},
            ["a", "b", "c"],
            None,
            Broken(batch),
            reflection_lm=lambda prompt: prompt,
            budget=40,
            run_dir=tmp_path,
        )


def test_an_installed_adapter_is_named_with_its_distribution(tmp_path: Path) -> None:
    from gepa.adapters.default_adapter.default_adapter import DefaultAdapter

    adapter = DefaultAdapter(model=lambda _messages: "c")

    def nothing(*_: Any, **__: Any) -> Any:
        return EvaluationBatch(outputs=[], scores=[])

    adapter.evaluate = nothing  # type: ignore[method-assign]
    row = {"input": "a", "answer": "b", "additional_context": {}}
    with pytest.raises(PluginError, match=r"DefaultAdapter' of gepa \d") as caught:
        optimize(
            {"text": "a"},
            [row],
            None,
            adapter,
            reflection_lm=lambda prompt: prompt,
            budget=40,
            run_dir=tmp_path,
        )
    assert caught.value.distribution.startswith("gepa ")
