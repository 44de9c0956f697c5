"""Hostile apps and metrics: what they do on one example costs that example, or ends the run with its name."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Execution, Feedback, Rollout, Step, Trajectory, hookimpl, presets
from gepa_core.errors import ConfigurationError, MetricError, PluginError, SystemFailed
from gepa_core.events import Retried, RolloutFinished
from tests.core.seen import Watch, outcomes, proposals
from tests.core.toys import QUICK, SyncToy, Toy, ToyModel, metric, preset, search, total

IMPATIENT = Execution(concurrency=2, timeout=0.1, metric_timeout=0.1, attempts=3, max_wait=0.0)
GENEROUS = attrs.evolve(QUICK, metric_errors="fail")
HANG = 60.0


# the app --------------------------------------------------------------------


@pytest.mark.parametrize("toy", [Toy, SyncToy])
def test_a_candidates_fault_is_feedback_and_never_retried(tmp_path: Path, toy: type[Toy]) -> None:
    """It gets the failure score, the error reaches the reflection model, and it is bought once."""
    tried: Counter[str] = Counter()

    def on_run(texts: Mapping[str, str], inputs: Any) -> None:
        tried[f"{dict(texts)} {inputs}"] += 1
        if inputs % 3 == 0:
            raise ValueError(f"cannot digest {inputs}")

    watch, model = Watch(), ToyModel()
    result = search(toy(on_run=on_run), tmp_path, plugins=[watch], reflection_lm=model, budget=60)
    assert set(tried.values()) == {1}
    assert not [event for event in watch.events if isinstance(event, Retried)]
    failed = [event for event in watch.events if isinstance(event, RolloutFinished) and event.failed]
    assert {event.score for event in failed} == {0.0}
    (seed,) = (one for one in outcomes(tmp_path, "seed") if one.failure and "21" in one.failure.message)
    assert seed.failure is not None
    assert seed.failure.type == "ValueError"
    assert seed.feedback == Feedback(0.0, "The app failed with ValueError: cannot digest 21")
    assert any("ValueError: cannot digest" in prompt for prompt in model.prompts)
    assert result.val.seed_mean == 0.0


def test_the_failure_score_is_a_setting(tmp_path: Path) -> None:
    """For a metric whose scores go below 0."""

    def on_run(_texts: Mapping[str, str], inputs: Any) -> None:
        if inputs == 20:
            raise ValueError("no")

    result = search(Toy(on_run=on_run), tmp_path, preset=preset(failure_score=-7.0), budget=40)
    assert sorted(result.val.seed.values())[0] == -7.0


def test_a_seed_that_fails_everywhere_stops_at_once_and_can_be_mended(tmp_path: Path) -> None:
    """The error is shown, no model is asked, and the same directory takes the mended app."""

    def broken(_texts: Mapping[str, str], _inputs: Any) -> None:
        raise KeyError("no such tool: 'serch'")

    system, model = Toy(on_run=broken), ToyModel()
    with pytest.raises(SystemFailed, match=r"failed on all 6 validation examples.*no such tool"):
        search(system, tmp_path, reflection_lm=model)
    assert (system.runs, model.prompts) == (6, [])
    mended = (attrs.evolve(system.components[0], text="Mended rules:"), system.components[1])
    system = Toy(components=mended)
    result = search(system, tmp_path)
    assert system.runs == total(result)
    assert result.seed.texts["first"] == "Mended rules:"


def test_an_app_that_exits_is_a_candidates_fault(tmp_path: Path) -> None:
    """A tool that calls sys.exit, or an app that cancels itself, ends neither the run nor the process."""

    class Exiting(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            if inputs == 21:
                sys.exit(3)
            if inputs == 22:
                raise asyncio.CancelledError
            return await super().run(texts, inputs)

    class ExitingSync(SyncToy):
        def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:  # type: ignore[override]
            if inputs in (21, 22):
                sys.exit(3)
            return super().run(texts, inputs)

    for name, system in (("async", Exiting()), ("sync", ExitingSync())):
        search(system, tmp_path / name, budget=40)
        messages = {one.failure.message for one in outcomes(tmp_path / name, "seed") if one.failure}
        assert "RuntimeError: sys.exit(3) was called" in messages


class Deaf(Toy):
    """An async app that catches its cancellation and goes on."""

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        if inputs not in (21, 22, 23):
            return await super().run(texts, inputs)
        self.runs += 1
        ends = time.monotonic() + HANG
        while time.monotonic() < ends:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(HANG)
        return Rollout()


class Sleepy(Toy):
    """An async app that hangs."""

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        if inputs not in (21, 22, 23):
            return await super().run(texts, inputs)
        self.runs += 1
        await asyncio.sleep(HANG)
        return Rollout()


class Stuck(SyncToy):
    """A sync app that hangs."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:  # type: ignore[override]
        if inputs not in (21, 22, 23):
            return super().run(texts, inputs)
        self.runs += 1
        threading.Event().wait(HANG)
        return Rollout()


@pytest.mark.parametrize("toy", [Sleepy, Stuck, Deaf])
def test_an_app_that_hangs_is_left_behind(tmp_path: Path, toy: type[Toy]) -> None:
    """Cancelled or abandoned, tried once more, then the candidate's failure on that example. Three of two
    places hang, and the others still get their turn: neither threads nor tasks that hang keep a place."""
    began, system = time.monotonic(), toy()
    result = search(system, tmp_path, execution=IMPATIENT, budget=26)
    assert time.monotonic() - began < HANG
    failed = [one for one in outcomes(tmp_path, "seed") if one.failure]
    assert [one.failure.message for one in failed if one.failure] == [
        "TimeoutError: the app took longer than 0.1 seconds"
    ] * 3
    assert {one.attempts for one in failed} == {2}
    assert len(result.proposals) > 1
    every = outcomes(tmp_path, "seed", "parent", "child", "validation", "merge")
    assert total(result) == len(every)  # each is charged once, however often it was tried
    assert system.runs == sum(one.attempts for one in every)


def test_an_app_that_hangs_for_a_moment_is_tried_again(tmp_path: Path) -> None:
    """The first time may have been the provider's; nothing of it is left in the scores."""
    hung: set[Any] = set()

    class Slow(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            if inputs not in hung:
                hung.add(inputs)
                await asyncio.sleep(HANG)
            return await super().run(texts, inputs)

    watch, execution = Watch(), attrs.evolve(IMPATIENT, concurrency=32)
    result = search(Slow(), tmp_path / "slow", execution=execution, plugins=[watch], budget=30)
    assert result.proposals == search(Toy(), tmp_path / "calm", budget=30).proposals
    retried = [event for event in watch.events if isinstance(event, Retried)]
    assert len(retried) == len(hung)
    assert {event.error for event in retried} == {"the app took longer than 0.1 seconds"}


def test_no_rollout_sees_what_another_put_into_its_context(tmp_path: Path) -> None:
    """Nor does the metric of another, a proposal that goes on in its place, or its own next attempt."""
    current: ContextVar[Any] = ContextVar("current", default=None)
    seen: list[Any] = []
    met: set[int] = set()

    class Setting(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            seen.append(current.get())
            current.set(inputs)
            if inputs not in met:
                met.add(inputs)
                raise ConnectionError("reset")
            return await super().run(texts, inputs)

    async def judge(example: Any, output: Any) -> Any:
        if current.get() not in (None, example):
            seen.append(current.get())
        return metric(example, output)

    class Observer:
        @hookimpl
        def gepa_notify(self) -> None:
            seen.append(current.get())

    result = search(Setting(), tmp_path, metric=judge, plugins=[Observer()], budget=40)
    assert len(result.proposals) > 1
    assert set(seen) == {None}


# the adapter --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned None, which is no Rollout(output=…), for val example"),
        ([], "returned [], which is no Rollout(output=…), for val example"),
        ("an answer", "returned 'an answer', which is no Rollout(output=…), for val example"),
        (Rollout(error="boom"), "returned a Rollout with the error 'boom', which is no Exception, for"),  # type: ignore[arg-type]
        (Rollout(trajectory=[]), "returned a Rollout with the trajectory [], which is no Trajectory, for"),  # type: ignore[arg-type]
        (
            Rollout(trajectory=Trajectory(steps=(Step(kind="tool", name="t"), {"kind": "tool"}))),  # type: ignore[arg-type]
            "returned a Trajectory with the step {'kind': 'tool'}, which is no Step, for val example",
        ),
    ],
)
@pytest.mark.parametrize("toy", [Toy, SyncToy])
def test_an_adapter_that_returns_no_rollout_is_named(
    tmp_path: Path, toy: type[Toy], returned: Any, said: str
) -> None:
    """With the distribution that brought it, where one did, and the example."""

    class Sync(SyncToy):
        def run(self, texts: Mapping[str, str], inputs: Any) -> Any:
            return returned if inputs == 24 else super().run(texts, inputs)

    class Async(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Any:
            return returned if inputs == 24 else await super().run(texts, inputs)

    system = Sync() if toy is SyncToy else Async()
    with pytest.raises(PluginError) as caught:
        search(system, tmp_path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"adapter {caught.value.plugin!r} returned")
    assert caught.value.plugin.startswith("tests.faults.test_user_code.")
    assert proposals(tmp_path) == []
    assert search(Toy(), tmp_path, budget=30).proposals  # and what was paid for is kept


# the metric --------------------------------------------------------------------


class Bad:
    """`metric`, but for one example. No attrs class, so that one mended is the same metric to a run."""

    def __init__(self, example: int, answer: Any) -> None:
        self.example = example
        self.answer = answer

    def __call__(self, example: Any, output: Any) -> Any:
        """Return the bad answer, or raise it."""
        if example != self.example:
            return metric(example, output)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


BAD: dict[str, tuple[Any, str]] = {
    "raises": (KeyError("gold"), "raised KeyError: 'gold'"),
    "none": (None, "returned None, and not a finite number or a Feedback(score, text)"),
    "nan": (float("nan"), "returned nan, and not"),
    "inf": (float("inf"), "returned inf, and not"),
    "minus inf": (float("-inf"), "returned -inf, and not"),
    "text": ("0.5", "returned '0.5', and not"),
    "list": ([1.0], "returned [1.0], and not"),
    "huge": (10**400, "returned 1000"),
    "too high": (1.5, "gave 1.5, which is not in the declared score_range of 0 to 1"),
    "too low": (-0.5, "gave -0.5, which is not in the declared score_range of 0 to 1"),
    "feedback too high": (Feedback(7, "good"), "gave 7, which is not in the declared score_range of 0 to 1"),
}
RANGED = presets.default(score_range=(0, 1))


@pytest.mark.parametrize(("answer", "said"), BAD.values(), ids=BAD)
def test_a_metric_without_a_score_ends_the_run_with_the_example(
    tmp_path: Path, answer: Any, said: str
) -> None:
    """The message shows the example and what was wrong with it, and says how to go on. Nothing of it comes
    into the pool."""
    with pytest.raises(MetricError) as caught:
        search(Toy(), tmp_path, metric=Bad(23, answer), preset=RANGED)
    assert caught.value.problem.startswith(said)
    assert re.match(r"val example '[0-9a-f]{16}' \(23\): the metric ", str(caught.value))
    assert "Mend it and run again with the same run_dir, which keeps what was paid for" in str(caught.value)
    assert proposals(tmp_path) == []


def test_a_run_goes_on_with_the_metric_mended(tmp_path: Path) -> None:
    """It is the unbroken run, and what was finished before is not bought again."""
    arguments: dict[str, Any] = {"budget": 60}
    for example in (22, 5):  # while the seed is scored, and later
        directory, system = tmp_path / str(example), Toy()
        with pytest.raises(MetricError):
            search(system, directory, metric=Bad(example, None), **arguments)
        mended = search(system, directory, metric=Bad(-1, None), **arguments)
        assert total(mended) <= system.runs <= total(mended) + QUICK.concurrency
        whole = search(Toy(), tmp_path / f"{example} whole", metric=Bad(-1, None), **arguments)
        assert mended.proposals == whole.proposals


def test_nothing_more_is_bought_once_the_metric_has_failed(tmp_path: Path) -> None:
    """The run stops before the whole data set is paid for."""
    system = Toy()
    with pytest.raises(MetricError):
        search(system, tmp_path, metric=lambda *_: None, valset=range(20, 60), budget=400)
    assert system.runs <= QUICK.concurrency


@pytest.mark.parametrize(("answer", "said"), BAD.values(), ids=BAD)
def test_or_the_example_counts_as_failed_where_the_user_said_so(
    tmp_path: Path, answer: Any, said: str
) -> None:
    """The failure score, with what was wrong as feedback; all other examples keep their scores."""
    preset_ = attrs.evolve(RANGED, failure_score=-2.0)
    result = search(Toy(), tmp_path, metric=Bad(23, answer), preset=preset_, execution=GENEROUS, budget=40)
    (failed,) = (one for one in outcomes(tmp_path, "seed") if one.failure is not None)
    assert failed.failure is not None
    assert failed.failure.type == "MetricError"
    assert failed.feedback.score == -2.0
    assert failed.feedback.text.startswith(f"The output could not be scored: the metric {said}")
    assert sorted(result.val.seed.values())[:2] == [-2.0, 0.0]


def test_a_metric_that_always_fails_stops_also_then(tmp_path: Path) -> None:
    """There is nothing to climb by."""
    with pytest.raises(
        SystemFailed,
        match=r"the metric failed on all 6 validation .* first error was the metric raised TypeE",
    ):
        search(Toy(), tmp_path, metric=lambda row, _: row["gold"], execution=GENEROUS)


def test_a_run_may_go_on_with_the_other_setting(tmp_path: Path) -> None:
    """Found out in the morning: what was paid for during the night is not lost."""
    with pytest.raises(MetricError):
        search(Toy(), tmp_path, metric=Bad(5, None), budget=60)
    before = proposals(tmp_path)
    result = search(Toy(), tmp_path, metric=Bad(5, None), execution=GENEROUS, budget=60)
    assert before
    assert list(result.proposals[: len(before)]) == before
    assert len(result.proposals) > len(before)


def _hanging(example: Any, output: Any) -> Feedback:
    if example == 22:
        threading.Event().wait(HANG)
    return metric(example, output)


async def _hanging_async(example: Any, output: Any) -> Feedback:
    if example == 22:
        await asyncio.sleep(HANG)
    return metric(example, output)


@pytest.mark.parametrize("judge", [_hanging, _hanging_async])
def test_a_metric_that_hangs_is_tried_once_more_and_named(tmp_path: Path, judge: Any) -> None:
    """What judges may be a model. The app is not run again for it."""
    watch, system = Watch(), Toy()
    with pytest.raises(MetricError, match=r"\(22\): the metric took longer than 0.1 seconds\. Mend it"):
        search(system, tmp_path / "stop", metric=judge, execution=IMPATIENT, plugins=[watch])
    retried = [(event.what, event.error) for event in watch.events if isinstance(event, Retried)]
    assert retried == [("metric", "the metric took longer than 0.1 seconds")]
    assert system.runs <= 6
    generous = attrs.evolve(IMPATIENT, metric_errors="fail")
    result = search(Toy(), tmp_path / "fail", metric=judge, execution=generous, budget=26)
    assert len(result.proposals) > 1
    assert [one.failure.message for one in outcomes(tmp_path / "fail", "seed") if one.failure] == [
        "the metric took longer than 0.1 seconds"
    ]


def test_bool_and_int_scores_count(tmp_path: Path) -> None:
    """True is 1 and False is 0, also where a range is declared."""
    result = search(Toy(), tmp_path, metric=lambda example, _: example % 2 == 0, preset=RANGED, budget=30)
    assert sorted(result.val.seed.values()) == [0.0] * 3 + [1.0] * 3


def test_a_declared_range_says_what_is_perfect_and_what_a_failure_scores(tmp_path: Path) -> None:
    """A metric from -10 to 10 ends at 10, and a failing example has -10."""

    def judge(example: Any, _output: Any) -> float:
        return {20: 1.0}.get(example, 10.0)

    def on_run(_texts: Mapping[str, str], inputs: Any) -> None:
        if inputs == 21:
            raise ValueError("no")

    ranged = presets.default(score_range=(-10, 10))
    result = search(Toy(on_run=on_run), tmp_path / "a", metric=judge, preset=ranged, budget=40)
    assert sorted(result.val.seed.values()) == [-10.0, 1.0, 10.0, 10.0, 10.0, 10.0]
    result = search(Toy(), tmp_path / "b", metric=lambda *_: 10, preset=ranged)
    assert result.stop_reason.startswith("the seed has the perfect score 10 on every validation example")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"score_range": (1, 0)}, r"score_range=\(1, 0\) has to be the lowest and the highest score"),
        ({"score_range": 5}, "score_range=5 has to be"),
        ({"score_range": "01"}, "score_range='01' has to be"),
        ({"score_range": (0, float("nan"))}, "has to be the lowest"),
        ({"score_range": (float("-inf"), 0)}, "has no lowest score: say failure_score"),
        ({"score_range": (0, 1), "perfect_score": 5.0}, "perfect_score=5.0 is not the end of score_range"),
        ({"score_range": (0, 1), "failure_score": 5.0}, "failing would be better than any answer"),
    ],
)
def test_a_range_that_is_none_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        presets.default(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"timeout": 0}, "execution: timeout must be more than 0 seconds, not 0; None is no limit"),
        ({"metric_timeout": -1.0}, "execution: metric_timeout must be more than 0 seconds, not -1.0"),
        ({"metric_errors": "ignore"}, "execution: metric_errors must be 'stop' or 'fail', not 'ignore'"),
    ],
)
def test_an_execution_that_makes_no_sense_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Execution(**settings)
