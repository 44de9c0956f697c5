"""The app, run as it is on a few training examples, to learn what a rollout uses. Nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from gepa_core.entries import usage_of
from gepa_core.evaluate import Evaluator
from gepa_core.gate import Gate
from gepa_core.mutation import Reflected
from gepa_core.pacing import Pace
from gepa_core.run import Run
from gepa_core.stages import Stages
from gepa_core.store import Store
from gepa_core.types import Failure, Outcome, Usage


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
    """Run the app on the first ``number`` training examples, as a run would, but no rollout twice.

    Raises:
        InfrastructureFault: a model cannot be reached now.
        ModelFault: a model cannot be used at all.
        MetricError: the metric failed.
    """
    examples = run.splits["train"][:number]
    store = Store.in_memory()
    try:
        outcomes = await _evaluator(run, stages, store).evaluate(
            run.app_as_it_is, examples, purpose="seed", number=0
        )
    finally:
        store.close()
    usage = sum((usage_of(outcome.trajectory) for outcome in outcomes), Usage())
    return Trial(
        reflected=[
            Reflected(example=example, outcome=outcome)
            for example, outcome in zip(examples, outcomes, strict=True)
        ],
        dollars=None if usage.unpriced else usage.dollars,
    )


def _evaluator(run: Run, stages: Stages, store: Store) -> Evaluator:
    execution = attrs.evolve(run.execution, attempts=1)
    gate, pace = Gate(execution.concurrency), Pace(execution.limits)
    gate.on_halt(lambda: pace.stop(gate))
    return Evaluator(
        system=run.system,
        stages=stages,
        store=store,
        gate=gate,
        execution=execution,
        pace=pace,
        failure_score=run.preset.failure,
        score_range=run.preset.score_range,
    )
