"""Rollouts: each bought once, stored before it is used, retried when the network failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import copy_context

import attrs

from gepa_core.errors import ConfigurationError, MetricError, ModelFault, StoreError
from gepa_core.events import Event, RolloutFinished
from gepa_core.execution import Execution
from gepa_core.gate import Gate
from gepa_core.judging import Judge
from gepa_core.one_rollout import OneRollout
from gepa_core.pacing import Pace
from gepa_core.protocols import System
from gepa_core.retry import Patience
from gepa_core.stages import Stages
from gepa_core.store import GroupCommit, OutcomeKey, Store
from gepa_core.types import Candidate, Example, Outcome, Purpose
from gepa_core.waiting import Clock


@attrs.define(kw_only=True, eq=False)
class Evaluator:
    """Runs candidates on examples, and holds what all rollouts of a run share.

    Attributes:
        failure_score: the score of an example on which the candidate failed.
        score_range: the lowest and the highest score that there may be; None when that is not known.
        judge: scores what was run.
        patience: how long is waited for the models of the app and the metric.
        commits: writes what has finished.
        clock: tells of what takes too long.
    """

    system: System
    stages: Stages
    store: Store
    gate: Gate
    execution: Execution
    pace: Pace = attrs.field(factory=Pace)
    failure_score: float = 0.0
    score_range: tuple[float, float] | None = None
    judge: Judge = attrs.field(init=False)
    patience: Patience = attrs.field(init=False)
    commits: GroupCommit = attrs.field(init=False)
    clock: Clock = attrs.field(factory=Clock, init=False)
    _under_way: dict[OutcomeKey, OneRollout] = attrs.field(factory=dict, init=False)
    _broken: Exception | None = attrs.field(default=None, init=False)
    """What will end the run: with it, further rollouts would be bought for nothing, so none begins."""

    @judge.default
    def _new_judge(self) -> Judge:
        return Judge(
            stages=self.stages,
            execution=self.execution,
            failure_score=self.failure_score,
            score_range=self.score_range,
        )

    @patience.default
    def _new_patience(self) -> Patience:
        return self.execution.patience_with("a model of the app or the metric", self.gate)

    @commits.default
    def _new_commits(self) -> GroupCommit:
        return GroupCommit(self.store)

    @property
    def refusal(self) -> Exception | None:
        """Why no rollout may begin any more; None when one may."""
        return self.gate.refusal if self.gate.halted else self._broken

    async def evaluate(
        self,
        candidate: Candidate,
        examples: Sequence[Example],
        *,
        purpose: Purpose,
        number: int,
        draw: int = 0,
    ) -> list[Outcome]:
        """The outcomes of ``candidate`` on ``examples``, in their order.

        Args:
            examples: different ones, of one split.
            purpose: what the rollouts are for, kept with them.
            number: the proposal that asks.
            draw: 0 for any known outcome, else a number that stands for a fresh one.

        Raises:
            InfrastructureFault: one kept failing until patience was over.
            ModelFault: the app's model cannot be used at all.
            MetricError: the metric gave no score.
            Halted: nothing more may begin.
        """
        # Nothing is awaited between looking and beginning, so nothing that is known is begun anew.
        found = self.store.outcomes_on(candidate.id, examples, draw)
        under_way = {
            example.id: self._begun(candidate, example, purpose, number, draw)
            for example in examples
            if example.id not in found
        }
        for outcome in found.values():
            self.stages.notify(_finished(outcome, purpose, number, reused=True))
        if under_way:
            await asyncio.wait(under_way.values())  # cancelling this leaves them alone
        for id_, future in under_way.items():
            found[id_] = future.result()
        return [found[example.id] for example in examples]

    async def settle(self) -> None:
        """Wait for the rollouts that are under way: they are paid for, so they are kept."""
        if self._under_way:
            await asyncio.wait([rollout.outcome for rollout in self._under_way.values()])

    def _begun(
        self, candidate: Candidate, example: Example, purpose: Purpose, number: int, draw: int
    ) -> asyncio.Future[Outcome]:
        """An outcome that is under way already, or a new one."""
        key: OutcomeKey = (candidate.id, example.split, example.id, draw)
        rollout = self._under_way.get(key)
        if rollout is None:
            outcome = asyncio.get_running_loop().create_future()
            rollout = self._under_way[key] = OneRollout(
                self, candidate, example, purpose, number, key, outcome, copy_context()
            )
            rollout.begin()
        return rollout.outcome

    def finished(self, rollout: OneRollout, outcome: Outcome) -> None:
        """``rollout`` is stored as ``outcome``."""
        self.patience.answered = True
        del self._under_way[rollout.key]
        self.stages.notify(_finished(outcome, rollout.purpose, rollout.number, reused=False))

    def note(self, error: BaseException) -> None:
        """Let no rollout begin, if ``error`` is going to end the run."""
        if isinstance(error, (MetricError, ModelFault, ConfigurationError, StoreError)):
            self._broken = self._broken or error

    def gave_up(self, rollout: OneRollout, error: BaseException) -> None:
        """Nothing will come of ``rollout``, because of ``error``."""
        del self._under_way[rollout.key]
        if isinstance(error, asyncio.CancelledError):
            rollout.outcome.cancel()
            return
        rollout.outcome.set_exception(error)
        rollout.outcome.exception()  # so that asyncio does not complain that nobody looked


def _finished(outcome: Outcome, purpose: Purpose, number: int, *, reused: bool) -> Event:
    return RolloutFinished(
        number=number,
        purpose=purpose,
        example=outcome.example,
        score=outcome.score,
        failed=outcome.failure is not None,
        reused=reused,
        usage=outcome.trajectory.usage,
    )
