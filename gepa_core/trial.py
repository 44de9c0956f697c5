"""The app, run as it is on a few training examples, to learn what a rollout uses. Nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import attrs

from gepa_core.entries import usage_of
from gepa_core.errors import InfrastructureFault, ModelFault
from gepa_core.faults import classify, describe
from gepa_core.jsonable import to_jsonable
from gepa_core.mutation import Reflected
from gepa_core.prices import priced_steps
from gepa_core.run import Run
from gepa_core.stages import Stages
from gepa_core.types import Candidate, Example, Failure, Feedback, Outcome, Rollout, Usage
from gepa_core.waiting import TookTooLong, within


@attrs.frozen(kw_only=True)
class Trial:
    """What was tried.

    Attributes:
        reflected: the examples with what came of them.
        dollars: what it cost, as far as the prices are known; by the price list where the app's own answers
            bring none. None where one is missing.
    """

    reflected: Sequence[Reflected] = attrs.field(repr=False)
    dollars: float | None

    @property
    def number(self) -> int:
        """Rollouts that were run."""
        return len(self.reflected)

    @property
    def outcomes(self) -> list[Outcome]:
        """What came of them."""
        return [one.outcome for one in self.reflected]

    @property
    def score(self) -> float:
        """The mean score."""
        return sum(outcome.score for outcome in self.outcomes) / self.number

    @property
    def failures(self) -> list[Failure]:
        """How the app failed, where it did."""
        return [outcome.failure for outcome in self.outcomes if outcome.failure is not None]

    @property
    def usage(self) -> Usage:
        """What all rollouts used."""
        return sum((usage_of(outcome.trajectory) for outcome in self.outcomes), Usage())

    @property
    def mean_tokens(self) -> float | None:
        """Tokens of a rollout; None where some calls did not report theirs."""
        return None if self.usage.unmetered else self.usage.tokens / self.number

    @property
    def mean_dollars(self) -> float | None:
        """US dollars of a rollout."""
        return None if self.dollars is None else self.dollars / self.number


async def tried(run: Run, stages: Stages, number: int) -> Trial:
    """Run the app on the first ``number`` training examples, as many at once as a run would.

    Raises:
        InfrastructureFault: a model cannot be reached now; nothing is tried twice here.
        ModelFault: a model cannot be used at all.
        MetricError: the metric failed.
    """
    places = asyncio.Semaphore(run.execution.concurrency)

    async def one(example: Example) -> Reflected:
        async with places:
            return Reflected(example=example, outcome=await _outcome(run, stages, example))

    reflected = await asyncio.gather(*map(one, run.splits["train"][:number]))
    usage = sum((usage_of(each.outcome.trajectory) for each in reflected), Usage())
    return Trial(reflected=reflected, dollars=None if usage.unpriced else usage.dollars)


async def _outcome(run: Run, stages: Stages, example: Example) -> Outcome:
    texts = {component.name: component.text for component in run.components}
    seed = Candidate(texts=texts)
    capture = stages.capture(run.system, seed, example)
    try:
        rollout = await within(run.execution.timeout, capture)
    except TookTooLong:
        rollout = Rollout(error=TimeoutError(f"the app took longer than {run.execution.timeout:g} seconds"))
    failure = _failure(rollout)
    feedback = (
        Feedback(run.preset.failure, f"The app failed with {failure.message}")
        if failure is not None
        else await stages.feedback(example, rollout)
    )
    return Outcome(
        candidate=seed.id,
        example=example.id,
        split=example.split,
        output=to_jsonable(rollout.output),
        trajectory=priced_steps(rollout.trajectory, run.execution.prices),
        failure=failure,
        feedback=feedback,
    )


def _failure(rollout: Rollout) -> Failure | None:
    """How the app failed, if that was its own doing."""
    if rollout.error is None:
        return None
    fault = classify(rollout.error)
    if fault.kind == "infrastructure":
        raise InfrastructureFault(f"a model cannot be reached: {fault.message}") from rollout.error
    if fault.kind == "model":
        raise ModelFault(fault.message) from rollout.error
    return Failure(type=type(rollout.error).__name__, message=describe(rollout.error))
