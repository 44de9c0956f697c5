"""The user's metric: how it is called, and what it may return."""

from __future__ import annotations

import asyncio
import functools
import sys
from typing import Any

import pytest

from gepa_core import Example, Feedback, Rollout, Step, Trajectory
from gepa_core.defaults.running import RunSystem, UserMetric, takes_trajectory
from gepa_core.errors import ConfigurationError, InfrastructureFault, MetricError
from gepa_core.types import Candidate
from gepa_core.workers import Workers

EXAMPLE = Example(inputs="q", data={"gold": 1}, id="e7", split="val")
ROLLOUT = Rollout(output="out", trajectory=Trajectory(steps=(Step(kind="tool", name="t"),)))


def score(metric: Any) -> Feedback:
    return asyncio.run(UserMetric(metric=metric, workers=Workers()).gepa_give_feedback(EXAMPLE, ROLLOUT))


class Judge:
    """A metric that is an object."""

    async def __call__(self, _example: Any, _output: Any, trajectory: Trajectory) -> float:
        """Count steps."""
        return float(len(trajectory.steps))


async def _awaited(example: Any, output: Any) -> Feedback:
    return Feedback(example["gold"], output)


def test_two_and_three_arguments_sync_and_async() -> None:
    """A metric gets the user's own row and the output, and the trajectory if it asks for three."""
    assert score(lambda example, _: example["gold"]) == Feedback(1.0)
    assert score(lambda _, __, steps: len(steps.steps)) == Feedback(1.0)
    assert score(lambda _, __, trajectory=None: trajectory is not None) == Feedback(1.0)
    assert score(lambda _, __, limit=3: limit) == Feedback(3.0)
    assert score(lambda *everything: len(everything)) == Feedback(2.0)
    assert score(_awaited) == Feedback(1.0, "out")
    assert score(functools.partial(_awaited)) == Feedback(1.0, "out")
    assert score(lambda *given: _awaited(*given)) == Feedback(1.0, "out")  # noqa: PLW0108 - not async itself
    assert score(Judge()) == Feedback(1.0)
    feedback = Feedback(0.5, "text", by_component={"a": "x"})
    assert score(lambda *_: feedback) is feedback


@pytest.mark.parametrize("bad", [None, float("nan"), float("-inf"), "0.5", [1], 10**400, object])
def test_what_is_no_score_names_the_example(bad: Any) -> None:
    """The error carries the example's id and shows what was returned."""
    with pytest.raises(MetricError, match="val example 'e7'") as caught:
        score(lambda *_: bad)
    assert caught.value.example == "e7"


def test_a_metric_that_raises_names_the_example_and_the_error() -> None:
    """A missing key, a bad feedback or an exit: each is a fault of the metric."""

    def exits(_example: Any, _output: Any) -> float:
        sys.exit("no judge")

    async def exits_async(_example: Any, _output: Any) -> float:
        sys.exit("no judge")

    for metric, message in (
        (lambda example, _: example["none"], r"val example 'e7' \('q'\): the metric raised KeyError: 'none'"),
        (lambda *_: Feedback("high"), "score must be a finite number"),
        (exits, r"sys.exit\('no judge'\) was called"),
        (exits_async, r"sys.exit\('no judge'\) was called"),
    ):
        with pytest.raises(MetricError, match=message) as caught:
            score(metric)
        assert caught.value.example == "e7"


def test_other_signatures_are_refused_before_anything_runs() -> None:
    """One argument, four, or no function at all."""
    cases: list[tuple[Any, str]] = [
        (lambda _: 1, "it has to take"),
        (lambda _a, _b, _c, _d: 1, "it has to take"),
        (0.5, "has to be a function"),
        (None, "has to be a function"),
    ]
    for metric, message in cases:
        with pytest.raises(ConfigurationError, match=message):
            takes_trajectory(metric)
    assert takes_trajectory(max) is False  # a built-in function that shows no signature


class _System:
    components = ()
    left_alone = ()

    def __init__(self, error: BaseException, *, is_async: bool) -> None:
        self.error = error
        self.run = self._run_async if is_async else self._run

    def _run(self, _texts: Any, _inputs: Any) -> Rollout:
        raise self.error

    async def _run_async(self, _texts: Any, _inputs: Any) -> Rollout:
        raise self.error

    def build(self, _texts: Any) -> Any:
        return None


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError("bad"), "ValueError('bad')"),
        (SystemExit(3), "RuntimeError('sys.exit(3) was called')"),
        (asyncio.CancelledError(), "RuntimeError('it was cancelled from inside')"),
    ],
)
def test_what_an_app_raises_is_its_rollouts_error(error: BaseException, shown: str, is_async: bool) -> None:
    """Also an exit, which would end the event loop, and a cancellation, which would end the run."""
    run = RunSystem().gepa_capture_trajectory
    system: Any = _System(error, is_async=is_async)
    rollout = asyncio.run(run(system, Candidate(texts={}), EXAMPLE))
    assert repr(rollout.error) == shown


def test_faults_that_an_app_names_itself_pass() -> None:
    """They are retried and never a rollout."""
    run = RunSystem().gepa_capture_trajectory
    system: Any = _System(InfrastructureFault("down"), is_async=False)
    with pytest.raises(InfrastructureFault):
        asyncio.run(run(system, Candidate(texts={}), EXAMPLE))


def test_cancelling_from_outside_is_no_error_of_the_app() -> None:
    """A timeout still ends the wait."""

    class Slow(_System):
        async def _run_async(self, _texts: Any, _inputs: Any) -> Rollout:
            await asyncio.sleep(30)
            return Rollout()

    async def limited() -> None:
        system: Any = Slow(ValueError(), is_async=True)
        async with asyncio.timeout(0.01):
            await RunSystem().gepa_capture_trajectory(system, Candidate(texts={}), EXAMPLE)

    with pytest.raises(TimeoutError):
        asyncio.run(limited())
