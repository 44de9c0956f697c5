"""gepa's default adapter under this engine, from wrapping to a resumed run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gepa_offline import reflection_model
from gepa_reference import optimize, wrap

import gepa_core
from gepa_core.errors import ConfigurationError, MetricError, SystemFailed
from gepa_core.store import Store
from gepa_core.types import Feedback

from .desk import DESK, SEED, adapter, ask, judge, rows, run


def test_a_run_finds_a_better_candidate(tmp_path: Path) -> None:
    result = run(tmp_path, testset=rows("test", 20), budget=300)
    assert result.val.best_mean > result.val.seed_mean + 0.2
    assert result.test is not None
    assert result.test.best_mean > result.test.seed_mean
    assert result.app == result.best.texts
    assert result.app["triage"] != SEED["triage"]


def test_a_rollout_holds_what_the_adapter_said() -> None:
    wrapped = wrap(adapter(), SEED)
    (row,) = rows("train", 1)
    rollout = wrapped.run(SEED, row)
    expected = adapter().evaluate([row], SEED, capture_traces=True)  # type: ignore[list-item]
    said = judge(
        row, ask([{"role": "system", "content": SEED["triage"]}, {"role": "user", "content": row["input"]}])
    )
    assert rollout.output == expected.outputs[0]
    assert wrapped.metric(row, rollout.output, rollout.trajectory) == Feedback(
        said.score, objectives=said.objective_scores or {}, by_component={"triage": said.feedback}
    )
    record = rollout.trajectory.steps[0]
    assert (record.inputs, record.output, record.components) == (
        row["input"],
        expected.outputs[0]["full_assistant_response"],
        ("triage",),
    )


def test_a_component_that_is_left_out_keeps_its_text() -> None:
    sent: list[Any] = []

    def answer(messages: Any) -> str:
        sent.append(messages)
        return "queue: billing"

    wrapped = wrap(adapter(answer), SEED)
    wrapped.run({}, rows("train", 1)[0])
    assert sent[0][0]["content"] == SEED["triage"]
    assert wrapped.build({}) == SEED


def test_only_training_examples_are_made_into_records(tmp_path: Path) -> None:
    """Feedback may cost a call of a judge for each component."""
    evaluated, made = 0, 0

    class Watched:
        def __init__(self) -> None:
            self.inner = adapter()

        def evaluate(self, batch: Any, candidate: Any, capture_traces: bool = False) -> Any:
            nonlocal evaluated
            evaluated += 1
            return self.inner.evaluate(batch, candidate, capture_traces)

        def make_reflective_dataset(self, candidate: Any, batch: Any, names: Any) -> Any:
            nonlocal made
            made += 1
            return self.inner.make_reflective_dataset(candidate, batch, names)

    result = run(tmp_path, adapter=Watched(), budget=60)
    scored = result.cost.rollouts["seed"] + result.cost.rollouts.get("validation", 0)
    assert evaluated == result.cost.total_rollouts
    assert made == evaluated - scored
    assert made > 0


def test_validation_never_reaches_a_reflection_prompt(tmp_path: Path) -> None:
    prompts: list[str] = []
    model = reflection_model()

    async def reflect(messages: list[Any]) -> Any:
        prompts.extend(message["content"] for message in messages)
        return await model.complete([gepa_core.protocols.Message(**message) for message in messages])

    run(tmp_path, reflection_lm=reflect, budget=100)
    assert prompts
    assert any(row["input"] in prompt for prompt in prompts for row in rows("train", 20))
    assert not any(row["input"] in prompt for prompt in prompts for row in rows("val", 20))
    note = DESK.rows("train", 1)[0]["expected"]["notes"]["queue"]
    assert any("Feedback on this component" in prompt and note in prompt for prompt in prompts)


def _history(run_dir: Path) -> list[Any]:
    store = Store.read(run_dir)
    try:
        return list(store.proposals())
    finally:
        store.close()


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_resumed_run_equals_the_unbroken_one(tmp_path: Path, concurrency: int) -> None:
    unbroken = run(tmp_path / "unbroken")
    execution = gepa_core.Execution(concurrency=concurrency, attempts=1)
    calls = 0

    def flaky(messages: Any) -> str:
        nonlocal calls
        calls += 1
        if calls > 90:
            raise ConnectionError("the network is gone")
        return ask(messages)

    stopped = run(tmp_path / "broken", adapter=adapter(flaky), execution=execution)
    assert "network is gone" in stopped.stop_reason
    assert len(stopped.proposals) < len(unbroken.proposals)
    resumed = run(tmp_path / "broken", execution=execution)
    assert resumed.proposals == unbroken.proposals
    assert resumed.best == unbroken.best
    assert _history(tmp_path / "broken") == _history(tmp_path / "unbroken")


def test_an_error_of_the_adapter_is_a_failure_of_the_candidate(tmp_path: Path) -> None:
    def broken(_messages: Any) -> str:
        raise ValueError("no such section")

    with pytest.raises(SystemFailed, match="no such section"):
        run(tmp_path, adapter=adapter(broken))


def test_a_score_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    from gepa.adapters.default_adapter.default_adapter import DefaultAdapter, EvaluationResult

    def undecided(_data: Any, _response: str) -> EvaluationResult:
        return EvaluationResult(float("nan"), "", None)

    with pytest.raises(MetricError, match="finite"):
        run(tmp_path, adapter=DefaultAdapter(model=ask, evaluator=undecided))  # type: ignore[arg-type]


def test_the_default_adapter_needs_a_model_only(tmp_path: Path) -> None:
    result = optimize(
        SEED,
        rows("train", 6),
        rows("val", 6),
        task_lm=ask,
        reflection_lm=reflection_model(),
        budget=40,
        run_dir=tmp_path,
    )
    assert result.seed.texts == SEED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give an adapter, or a task_lm"),
        ({"adapter": adapter(), "task_lm": "openai/gpt"}, "leave them or adapter out"),
        ({"adapter": adapter()}, "reflection_lm is missing"),
        ({"adapter": object(), "reflection_lm": ask}, "no method 'evaluate'"),
    ],
)
def test_a_call_that_is_wrong_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        optimize(SEED, rows("train", 3), budget=30, **arguments)


@pytest.mark.parametrize(("candidate", "message"), [({}, "is empty"), ({"triage": 3}, "has to be a text")])
def test_a_candidate_that_is_none_is_refused(candidate: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        wrap(adapter(), candidate)
