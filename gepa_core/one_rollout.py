"""One rollout on its way to an outcome: run and scored in one place, stored, then told of."""

from __future__ import annotations

import asyncio
import time
from contextvars import Context
from typing import TYPE_CHECKING, Any

import attrs

from gepa_core.errors import InfrastructureFault, MetricError, StoreError
from gepa_core.events import Retried
from gepa_core.faults import Fault, classify
from gepa_core.jsonable import to_jsonable
from gepa_core.metrics import metric_error
from gepa_core.outline import outlined
from gepa_core.pacing import ROLLOUTS, PacedCalls, Stopped
from gepa_core.prices import priced_steps
from gepa_core.retry import again, as_final, passes
from gepa_core.store import OutcomeKey
from gepa_core.types import (
    NO_USAGE,
    Candidate,
    Example,
    Failure,
    Feedback,
    Outcome,
    Purpose,
    Rollout,
    Usage,
)
from gepa_core.waiting import TookTooLong, Watch

if TYPE_CHECKING:
    from gepa_core.evaluate import Evaluator


@attrs.define(eq=False)
class OneRollout:
    """What was asked for, and how far it has come.

    It waits at the gate without a task. With a place it has one, in which the app and then the metric run,
    and which ends when the outcome is handed to the store. The place is kept until that is written. Only
    what has to be tried again has a second task, for its waits.

    Attributes:
        number: the proposal that asked first.
        key: what the outcome is to be found by.
        outcome: what came of it, once it is stored.
    """

    evaluator: Evaluator
    candidate: Candidate
    example: Example
    purpose: Purpose
    number: int
    key: OutcomeKey
    outcome: asyncio.Future[Outcome]
    _context: Context
    """The asker's. Each task has a copy, so that no rollout sees what the app of another put into it."""
    _rollout: Rollout | None = None
    """Of the app, once it has run: from then on there is something to finish."""
    _unscored: MetricError | None = None
    """Why the metric is not asked again."""
    _attempts: int = 0
    _timeouts: int = 0
    _metric_timeouts: int = 0
    _began: float = 0.0
    _seconds: float = 0.0
    _wasted: Usage = NO_USAGE
    """What the current attempt used, if it failed."""
    _calls: PacedCalls | None = None
    """The calls of models in the current attempt at running the app."""
    _tried: asyncio.Future[Outcome] | None = None
    """What came of the current attempt, if it is not the first."""
    _task: asyncio.Task[None] | None = None
    """The waits between attempts. The loop itself would not keep it alive."""
    _watch: Watch | None = None
    """The current attempt. Let go of when it is over: it refers to this."""

    # from the gate to the store ---------------------------------------------

    def begin(self) -> None:
        """Stand in line for a place."""
        self.evaluator.gate.enter(self._turn, self.number, finishing=self._rollout is not None)

    def _turn(self) -> bool:
        """There is a place: whether it is taken."""
        if self._rollout is None:
            refusal = self.evaluator.refusal
            if refusal is not None:
                self._give_up(refusal)
                return False
            if self.evaluator.pace.held(ROLLOUTS):  # somebody was told to wait meanwhile
                self._task = self._new_task(self._begin_when_released())
                return False
        self._start()
        return True

    async def _begin_when_released(self) -> None:
        await self.evaluator.pace.released(ROLLOUTS, self.evaluator.gate)
        self.begin()

    def _start(self) -> None:
        """Run, score and store in the place that it has."""
        self._wasted = NO_USAGE
        self._watch = Watch(self.evaluator.clock, self._failed)
        self._watch.start(self._work, self._context.copy())

    async def _work(self, watch: Watch) -> None:
        if self._rollout is None:
            self._rollout = await self._run(watch)
        scored = self.evaluator.judge.scored(watch, self.example, self._rollout, self._unscored)
        outcome = self._outcome(self._rollout, *await scored)
        self.evaluator.commits.save(outcome, self.purpose, self._written)

    def _written(self, result: Outcome | Exception) -> None:
        """The outcome is on disk, or could not be written."""
        self._watch = None
        if isinstance(result, Exception):
            self._end(result)
            return
        self.evaluator.gate.leave()
        if self._tried is not None:
            self._tried.set_result(result)
        else:
            self._finish(result)

    def _finish(self, outcome: Outcome) -> None:
        self.evaluator.finished(self, outcome)
        self.outcome.set_result(outcome)

    # what went wrong ------------------------------------------------------------

    def _failed(self, error: BaseException) -> None:
        """The attempt in this place ended with ``error``, or is no longer waited for."""
        if isinstance(error, TookTooLong):
            passing = self._took_too_long()
            if passing is None:
                self._start()
                return
            error = passing
        if isinstance(error, Exception):
            error = self._noted(error)
        else:  # the event loop is on its way down
            self.evaluator.gate.halt("it was interrupted")
        self._end(error)

    def _took_too_long(self) -> InfrastructureFault | None:
        """The first time a passing fault: what hangs is often a model. Then the app's or the metric's own."""
        execution = self.evaluator.execution
        if self._rollout is None:
            self._timeouts += 1
            self._seconds = time.monotonic() - self._began
            message = f"the app took longer than {execution.timeout:g} seconds"
            if self._timeouts == 1 and execution.attempts != 1:
                return InfrastructureFault(message)
            self._rollout = Rollout(error=TimeoutError(message))
            return None
        self._metric_timeouts += 1
        problem = f"took longer than {execution.metric_timeout:g} seconds"
        if self._metric_timeouts == 1 and execution.attempts != 1:
            return InfrastructureFault(f"the metric {problem}")
        self._unscored = metric_error(problem, self.example)
        return None

    def _noted(self, error: Exception) -> Exception:
        """``error``, after what it used was written down, or why that could not be."""
        fault = classify(error)
        if fault.kind != "infrastructure":
            return error
        try:
            self.evaluator.store.save_fault(self.number, self.purpose, self._wasted)
        except StoreError as broken:
            return broken
        asked = self._rollout is None and self._calls is not None and self._calls.asked
        if not asked:  # else the model that failed keeps the wait that its failure asks for
            self.evaluator.pace.hold(ROLLOUTS, fault)
        return error

    def _end(self, error: BaseException) -> None:
        """The attempt came to nothing: another one, if ``error`` is worth it. The place is given back."""
        self._watch = None
        if not isinstance(error, Exception) or not passes(error):
            final = as_final(error) if isinstance(error, Exception) else error
            self.evaluator.note(final)  # before somebody else begins in the place
            self._give_up(final)
        elif self._tried is not None:
            self._tried.set_exception(error)
        else:
            self._task = self._new_task(self._try_again(error))
        self.evaluator.gate.leave()

    def _give_up(self, error: BaseException) -> None:
        if self._tried is not None:
            self._tried.set_exception(error)
        else:
            self.evaluator.gave_up(self, error)

    def _new_task(self, work: Any) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    async def _try_again(self, error: Exception) -> None:
        """Try again after infrastructure faults of the app or, once the app has run, of the metric."""
        try:
            outcome = await again(self._next_attempt, error, self.evaluator.patience, self._tell)
        except BaseException as last:
            self.evaluator.gave_up(self, last)
            if not isinstance(last, Exception):
                raise
        else:
            self._finish(outcome)

    async def _next_attempt(self) -> Outcome:
        self._tried = asyncio.get_running_loop().create_future()
        if self._rollout is None:
            await self._begin_when_released()
        else:
            self.begin()
        return await self._tried

    def _tell(self, attempt: int, wait: float, fault: Fault) -> None:
        what = "rollout" if self._rollout is None else "metric"
        event = Retried(number=self.number, what=what, attempt=attempt, wait=wait, error=fault.message)
        self.evaluator.stages.notify(event)

    # the app and the outcome --------------------------------------------------------

    async def _run(self, watch: Watch) -> Rollout:
        """What the app made of it.

        Raises:
            TookTooLong: it took longer than the timeout.
            Exception: it met what is not its own fault.
        """
        evaluator = self.evaluator
        self._attempts += 1
        self._began = time.monotonic()
        self._calls = calls = PacedCalls(evaluator.pace, evaluator.gate)
        with calls.active():
            capture = evaluator.stages.capture(evaluator.system, self.candidate, self.example)
            rollout = await watch.within(evaluator.execution.timeout, capture, besides=lambda: calls.waited)
        self._seconds = time.monotonic() - self._began
        trajectory = priced_steps(rollout.trajectory, evaluator.execution.prices)
        if trajectory is not rollout.trajectory:
            rollout = attrs.evolve(rollout, trajectory=trajectory)
        self._wasted = trajectory.usage
        if calls.stopped:
            raise Stopped(f"the run ended in the middle of a rollout: {evaluator.gate.halted}")
        if rollout.error is not None and classify(rollout.error).kind != "candidate":
            raise rollout.error
        self._wasted = NO_USAGE
        return rollout

    def _outcome(self, rollout: Rollout, failure: Failure | None, feedback: Feedback) -> Outcome:
        """What is stored of it."""
        outcome = Outcome(
            candidate=self.candidate.id,
            example=self.example.id,
            split=self.example.split,
            draw=self.key[-1],
            output=to_jsonable(rollout.output),
            trajectory=rollout.trajectory,
            failure=failure,
            feedback=feedback,
            seconds=self._seconds,
            attempts=self._attempts,
        )
        outcome = self.evaluator.stages.redact(outcome, self.example)
        return outcome if self.evaluator.execution.keeps(self.purpose) else outlined(outcome)
