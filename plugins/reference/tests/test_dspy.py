"""DSPy programs end to end, through the real client against the offline server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dspy  # type: ignore[import-untyped]
import pytest
import tqdm  # type: ignore[import-untyped]
from gepa_offline import OfflineServer, reflection_model
from gepa_reference import DspyModel, optimize, optimize_dspy, wrap, wrap_dspy

import gepa_core
from gepa_core.errors import ConfigurationError, InfrastructureFault
from gepa_core.protocols import Message
from gepa_core.result import Result

from .hop import HOP, Hop, PlainText, metric, model, rows


@pytest.fixture(autouse=True)
def _configured(server: OfflineServer) -> Iterator[None]:
    with dspy.context(lm=model(server), adapter=PlainText()):
        yield


def run(run_dir: Path, **options: Any) -> Result:
    options = {"reflection_lm": reflection_model(), "budget": 60, **options}
    return optimize_dspy(
        Hop(), trainset=rows("train", 6), valset=rows("val", 6), metric=metric, run_dir=run_dir, **options
    )


def test_a_program_gets_better(tmp_path: Path, server: OfflineServer) -> None:
    program = Hop()
    result = optimize_dspy(
        program,
        trainset=rows("train", 20),
        valset=rows("val", 16),
        metric=metric,
        reflection_lm=model(server, "simulated-reflection"),
        budget=220,
        run_dir=tmp_path,
    )
    assert result.val.best_mean > result.val.seed_mean + 0.1
    assert isinstance(result.app, Hop)
    instructions = {name: each.signature.instructions for name, each in result.app.named_predictors()}
    assert instructions == result.best.texts
    assert instructions != HOP.seed_texts
    assert program.query.signature.instructions == HOP.seed_texts["query"]
    assert result.app(question=rows("test", 1)[0].question).answer
    assert result.cost.reflection_usage.input_tokens > 0
    assert result.cost.task_usage.calls == 2 * result.cost.total_rollouts
    assert result.cost.task_usage.unmetered == 0
    assert "probe" not in result.cost.rollouts, "the calls tell which instructions are live"


def test_each_predictor_has_its_own_record_and_feedback() -> None:
    wrapped = wrap_dspy(Hop(), metric)
    (row,) = rows("train", 1)
    rollout = wrapped.run({}, row)
    output: Any = rollout.output
    said = HOP.metric(row.row, output)
    assert output["answer"]
    feedback = wrapped.metric(row, rollout.output, rollout.trajectory)
    assert feedback.score == said.score
    assert feedback.by_component == said.by_component
    own = {step.name: step for step in rollout.trajectory.steps if step.components}
    assert own.keys() == {"query", "answer"}
    assert own["query"].inputs == {"question": row.question}
    assert own["answer"].output == {"answer": output["answer"]}


def test_a_rollout_shows_no_bar_and_no_log(capfd: pytest.CaptureFixture[str]) -> None:
    rollout = wrap_dspy(Hop(), metric).run({}, rows("train", 1)[0])
    assert rollout.error is None
    assert capfd.readouterr() == ("", "")


def test_model_calls_are_taken_down_with_what_they_used() -> None:
    wrapped = wrap_dspy(Hop(), metric)
    rollout = wrapped.evaluate({}, rows("val", 1)[0], learn=False)
    calls = [step for step in rollout.trajectory.steps if step.kind == "model"]
    assert [call.components for call in calls] == [("query",), ("answer",)]
    assert all(call.usage.input_tokens and call.usage.output_tokens for call in calls)
    assert all(call.name == "openai/simulated-task" and call.seconds > 0 for call in calls)


def test_a_resumed_run_equals_the_unbroken_one(tmp_path: Path) -> None:
    unbroken = run(tmp_path / "unbroken")
    run(tmp_path / "broken", budget=36)
    resumed = run(tmp_path / "broken", execution=gepa_core.Execution(concurrency=1))
    assert len(resumed.proposals) > 1
    assert resumed.proposals == unbroken.proposals
    assert resumed.app.dump_state() == unbroken.app.dump_state()


def test_progress_bars_that_collide_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """DSPy clears the set of all bars at the start of each evaluation, whichever thread a bar is of."""
    made = tqdm.tqdm.__new__
    collisions = [True, True]

    def cleared(cls: Any, *args: Any, **kwargs: Any) -> Any:
        bar = made(cls, *args, **kwargs)
        if collisions:
            collisions.pop()
            cls._instances.clear()
        return bar

    monkeypatch.setattr(tqdm.tqdm, "__new__", cleared)
    rollout = wrap_dspy(Hop(), metric).run({}, rows("train", 1)[0])
    assert not collisions
    assert rollout.error is None
    assert [step.kind for step in rollout.trajectory.steps].count("model") == 2


def test_an_outage_is_not_a_score() -> None:
    """DSPy's adapter scores what it could not run; the engine has to hear of the outage."""
    gone = dspy.LM(
        "openai/simulated-task", api_base="http://127.0.0.1:9/v1", api_key="offline", num_retries=0
    )
    wrapped = wrap_dspy(Hop(), metric)
    for learn in (True, False):
        with dspy.context(lm=gone):
            rollout = wrapped.evaluate({}, rows("train", 1)[0], learn=learn)
        assert rollout.error is not None
        assert gepa_core.faults.classify(rollout.error).kind == "infrastructure"
        (call,) = rollout.trajectory.steps
        assert call.error


def test_an_error_of_the_program_is_feedback() -> None:
    class Broken(Hop):
        def forward(self, question: str) -> Any:
            raise LookupError(f"no section for {question[:6]}")

    wrapped = wrap_dspy(Broken(), metric)
    (row,) = rows("train", 1)
    rollout = wrapped.run({}, row)
    assert rollout.error is None
    feedback = wrapped.metric(row, rollout.output, rollout.trajectory)
    assert feedback.score == 0
    assert "LookupError: no section for No. 10" in feedback.text


def test_an_answer_that_cannot_be_parsed_teaches_its_predictor() -> None:
    class Strict(dspy.ChatAdapter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(use_json_adapter_fallback=False)

    wrapped = wrap_dspy(Hop(), metric)
    (row,) = rows("train", 1)
    with dspy.context(adapter=Strict()):
        rollout = wrapped.run({}, row)
    feedback = wrapped.metric(row, rollout.output, rollout.trajectory)
    assert feedback.score == 0
    assert feedback.by_component.keys() == {"query"}
    assert "failed to parse" in feedback.by_component["query"]


def test_samples_of_a_trace_do_not_depend_on_earlier_rollouts() -> None:
    class Twice(Hop):
        def forward(self, question: str) -> Any:
            super().forward(question + " ")
            return super().forward(question)

    (row,) = rows("train", 1)
    wrapped = wrap_dspy(Twice(), metric)
    records = [[step.inputs for step in wrapped.run({}, row).trajectory.steps[4:-1]] for _ in range(6)]
    assert records == [records[0]] * 6


def test_the_adapter_of_the_package_gepa_runs_too(tmp_path: Path, server: OfflineServer) -> None:
    """Its own proposer writes the new texts, so that nothing else has to."""
    from gepa.adapters.dspy_adapter.dspy_adapter import DspyAdapter

    def feedback(**given: Any) -> Any:
        return metric(given["module_inputs"], given["module_outputs"])

    adapter = DspyAdapter(
        student_module=Hop(),
        metric_fn=metric,
        feedback_map={"query": feedback, "answer": feedback},
        num_threads=1,
        reflection_lm=model(server, "simulated-reflection"),
    )
    result = optimize(
        dict(HOP.seed_texts), rows("train", 6), rows("val", 6), adapter, budget=60, run_dir=tmp_path
    )
    assert any(proposal.texts for proposal in result.proposals[1:])
    assert result.cost.reflections == 0
    assert isinstance(result.app, Hop)
    assert len(list((tmp_path / "proposals").glob("*.json"))) >= 1


def test_a_dspy_model_reflects(server: OfflineServer) -> None:
    reflection = DspyModel(lm=model(server, "simulated-reflection"))
    assert reflection.name == "openai/simulated-reflection"
    completion = asyncio.run(reflection.complete([Message("user", "```\nBe kind.\n```\nFeedback: none")]))
    assert "Be kind." in completion.text
    assert completion.usage.calls == 1
    assert completion.usage.input_tokens > 0


def test_a_dspy_model_that_is_gone_is_an_outage() -> None:
    gone = dspy.LM(
        "openai/simulated-task", api_base="http://127.0.0.1:9/v1", api_key="offline", num_retries=0
    )
    with pytest.raises(InfrastructureFault):
        asyncio.run(DspyModel(lm=gone).complete([Message("user", "hello")]))


def test_only_programs_are_taken() -> None:
    with pytest.raises(ConfigurationError, match=r"no dspy\.Module"):
        wrap_dspy(lambda question: question, metric)
    with pytest.raises(ConfigurationError, match="seed_candidate is empty"):
        wrap_dspy(dspy.Module(), metric)


def test_a_dspy_row_is_known_by_its_fields() -> None:
    wrapped = wrap(wrap_dspy(Hop(), metric).adapter, {"query": "a"}, reflect=True)
    first, second = (wrapped.examples(rows("train", 1))[0] for _ in range(2))
    assert dict(first.inputs) == dict(second.inputs)  # type: ignore[call-overload]
    assert first.inputs["question"] == HOP.train[0]["inputs"]["question"]  # type: ignore[index]
