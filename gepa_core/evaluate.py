"""Rollouts: each bought once, stored before it is used, retried when the network failed."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import attrs

from gepa_core.errors import (
    ConfigurationError,
    GepaError,
    InfrastructureFault,
    MetricError,
    ModelFault,
    StoreError,
)
from gepa_core.events import Event, Retried, RolloutFinished
from gepa_core.execution import Execution
from gepa_core.faults import classify, describe
from gepa_core.gate import Gate
from gepa_core.jsonable import to_jsonable
from gepa_core.metrics import metric_error
from gepa_core.outline import outlined
from gepa_core.pacing import ROLLOUTS, Pace, PacedCalls, Stopped
from gepa_core.prices import priced_steps
from gepa_core.protocols import System
from gepa_core.retry import OnRetry, Patience, with_retries
from gepa_core.stages import Stages
from gepa_core.store import GroupCommit, OutcomeKey, Store
from gepa_core.types import Candidate, Example, Failure, Feedback, Outcome, Purpose, Rollout, Usage
from gepa_core.waiting import TookTooLong, within

_Judged: TypeAlias = tuple[Rollout, Failure | None, Feedback]


@attrs.define(kw_only=True, eq=False)
class Evaluator:
    """Runs candidates on examples.

    Attributes:
        failure_score: the score of an example on which the candidate failed.
        score_range: the lowest and the highest score that there may be; None when that is not known.
    """

    system: System
    stages: Stages
    store: Store
    gate: Gate
    execution: Execution
    pace: Pace = attrs.field(factory=Pace)
    failure_score: float = 0.0
    score_range: tuple[float, float] | None = None
    _patience: Patience = attrs.field(init=False)
    commits: GroupCommit = attrs.field(init=False)
    _running: dict[OutcomeKey, asyncio.Task[Outcome]] = attrs.field(factory=dict, init=False)
    broken: Exception | None = attrs.field(default=None, init=False)
    """What will end the run: with it, further rollouts would be bought for nothing, so none begins."""

    @_patience.default
    def _new_patience(self) -> Patience:
        return self.execution.patience_with("a model of the app or the metric", self.gate)

    @commits.default
    def _new_commits(self) -> GroupCommit:
        return GroupCommit(self.store)

    async def with_retries(self, operation: Callable[[], Awaitable[Outcome]], on_retry: OnRetry) -> Outcome:
        """Run an operation of the app or the metric, again and again while it meets infrastructure faults."""
        return await with_retries(operation, self._patience, on_retry)

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
        for id_, task in under_way.items():
            found[id_] = task.result()
        return [found[example.id] for example in examples]

    async def settle(self) -> None:
        """Wait for the rollouts that are under way: they are paid for, so they are kept."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _begun(
        self, candidate: Candidate, example: Example, purpose: Purpose, number: int, draw: int
    ) -> asyncio.Task[Outcome]:
        """An outcome that is under way already, or a new one."""
        key: OutcomeKey = (candidate.id, example.split, example.id, draw)
        task = self._running.get(key)
        if task is None:
            rollout = _Attempt(self, candidate, example, purpose, number, draw)
            task = self._running[key] = asyncio.create_task(rollout.outcome())
            task.add_done_callback(functools.partial(self._ended, key))
        return task

    def _ended(self, key: OutcomeKey, task: asyncio.Task[Outcome]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # so that asyncio does not complain that nobody looked


@attrs.define(eq=False)
class _Attempt:
    """One rollout on its way to an outcome."""

    evaluator: Evaluator
    candidate: Candidate
    example: Example
    purpose: Purpose
    number: int
    draw: int
    attempts: int = 0
    timeouts: int = 0
    metric_timeouts: int = 0
    seconds: float = 0.0
    rollout: Rollout | None = None
    wasted: Usage = Usage()
    """What the current attempt used, if it failed."""
    is_held: bool = False
    """Whether a wait that its failure asks for is kept by the model that failed."""

    async def outcome(self) -> Outcome:
        """Run, score and store."""
        try:
            outcome = await self._persist()
        except (MetricError, ModelFault, ConfigurationError, StoreError) as error:
            self.evaluator.broken = self.evaluator.broken or error
            raise
        self.evaluator.stages.notify(_finished(outcome, self.purpose, self.number, reused=False))
        return outcome

    async def _persist(self) -> Outcome:
        """Try again after infrastructure faults of the app or, once the app has run, of the metric."""
        notify = self.evaluator.stages.notify
        return await self.evaluator.with_retries(
            self._run_judge_and_keep,
            on_retry=lambda attempt, wait, fault: notify(
                Retried(
                    number=self.number,
                    what="rollout" if self.rollout is None else "metric",
                    attempt=attempt,
                    wait=wait,
                    error=fault.message,
                )
            ),
        )

    async def _run_judge_and_keep(self) -> Outcome:
        """A rollout is scored and stored in the place that it ran in, before another is begun."""
        evaluator, finishing = self.evaluator, self.rollout is not None
        while True:
            if not finishing:
                await evaluator.pace.released(ROLLOUTS, evaluator.gate)
            async with evaluator.gate.place(self.number, finishing=finishing):
                if finishing or not evaluator.pace.held(ROLLOUTS):  # somebody was told to wait meanwhile
                    return await self._keep(*await self._run_and_judge())

    async def _run_and_judge(self) -> _Judged:
        self.wasted, self.is_held = Usage(), False
        try:
            if self.rollout is None:
                self.rollout = await self._run()
            return self.rollout, *await self._judge(self.rollout)
        except Exception as error:
            fault = classify(error)
            if fault.kind == "infrastructure":
                self.evaluator.store.save_fault(self.number, self.purpose, self.wasted)
                if not self.is_held:
                    self.evaluator.pace.hold(ROLLOUTS, fault)
            raise

    async def _keep(self, rollout: Rollout, failure: Failure | None, feedback: Feedback) -> Outcome:
        """What is stored of a rollout, once it is."""
        outcome = Outcome(
            candidate=self.candidate.id,
            example=self.example.id,
            split=self.example.split,
            draw=self.draw,
            output=to_jsonable(rollout.output),
            trajectory=rollout.trajectory,
            failure=failure,
            feedback=feedback,
            seconds=self.seconds,
            attempts=self.attempts,
        )
        outcome = self.evaluator.stages.redact(outcome, self.example)
        if not self.evaluator.execution.keeps(self.purpose):
            outcome = outlined(outcome)
        return await self.evaluator.commits.save(outcome, self.purpose)

    async def _run(self) -> Rollout:
        """One attempt: a rollout, or an infrastructure fault that is worth another."""
        evaluator = self.evaluator
        if evaluator.broken is not None:
            raise evaluator.broken
        self.attempts += 1
        began, calls = time.monotonic(), PacedCalls(evaluator.pace, evaluator.gate)
        try:
            with calls.active():
                capture = evaluator.stages.capture(evaluator.system, self.candidate, self.example)
                rollout = await within(evaluator.execution.timeout, capture, besides=lambda: calls.waited)
        except TookTooLong:
            return self._timed_out()
        finally:
            self.seconds = time.monotonic() - began
            self.is_held = calls.asked
        if calls.stopped:
            self.wasted = rollout.trajectory.usage
            raise Stopped(f"the run ended in the middle of a rollout: {evaluator.gate.halted}")
        trajectory = priced_steps(rollout.trajectory, evaluator.execution.prices)
        if trajectory is not rollout.trajectory:
            rollout = attrs.evolve(rollout, trajectory=trajectory)
        if rollout.error is not None and classify(rollout.error).kind != "candidate":
            self.wasted = rollout.trajectory.usage
            raise rollout.error
        self.is_held = False  # what fails from here on is the metric
        return rollout

    def _timed_out(self) -> Rollout:
        """The first time as a passing fault, the second time as the candidate's."""
        self.timeouts += 1
        message = f"the app took longer than {self.evaluator.execution.timeout:g} seconds"
        if self.timeouts == 1 and self.evaluator.execution.attempts != 1:
            raise InfrastructureFault(message)
        return Rollout(error=TimeoutError(message))

    async def _judge(self, rollout: Rollout) -> tuple[Failure | None, Feedback]:
        if rollout.error is not None:
            failure = Failure(type=type(rollout.error).__name__, message=describe(rollout.error))
            return failure, self._failed(f"The app failed with {failure.message}")
        try:
            return None, await self._score(rollout)
        except MetricError as error:
            # A judge that is a model may be out of reach for a moment, or for good.
            if self.evaluator.execution.metric_errors == "stop" or classify(error).kind != "candidate":
                raise
            message = f"the metric {error.problem}" if error.problem else str(error)
            failure = Failure(type=MetricError.__name__, message=message)
            return failure, self._failed(f"The output could not be scored: {message}")

    def _failed(self, text: str) -> Feedback:
        return Feedback(self.evaluator.failure_score, text)

    async def _score(self, rollout: Rollout) -> Feedback:
        """The feedback, which has a score that is allowed."""
        seconds = self.evaluator.execution.metric_timeout
        try:
            feedback = await within(seconds, self.evaluator.stages.feedback(self.example, rollout))
        except TookTooLong:
            raise self._metric_timed_out(f"took longer than {seconds:g} seconds") from None
        low, high = self.evaluator.score_range or (feedback.score, feedback.score)
        if low <= feedback.score <= high:
            return feedback
        problem = f"gave {feedback.score:g}, which is not in the declared score_range of {low:g} to {high:g}"
        raise metric_error(problem, self.example)

    def _metric_timed_out(self, problem: str) -> GepaError:
        """The first time a passing fault: what judges may be a model that hangs."""
        self.metric_timeouts += 1
        if self.metric_timeouts == 1 and self.evaluator.execution.attempts != 1:
            return InfrastructureFault(f"the metric {problem}")
        return metric_error(problem, self.example)


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
