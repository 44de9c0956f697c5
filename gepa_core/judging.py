"""What the metric makes of a rollout, and what stands in its place where there is nothing to score."""

from __future__ import annotations

import attrs

from gepa_core.errors import MetricError
from gepa_core.execution import Execution
from gepa_core.faults import classify, describe
from gepa_core.metrics import metric_error
from gepa_core.stages import Stages
from gepa_core.types import Example, Failure, Feedback, Rollout
from gepa_core.waiting import Watch


@attrs.frozen(kw_only=True, eq=False)
class Judge:
    """Scores the rollouts of a run.

    Attributes:
        failure_score: the score of an example on which the candidate failed.
        score_range: the lowest and the highest score that there may be; None when that is not known.
    """

    stages: Stages
    execution: Execution
    failure_score: float
    score_range: tuple[float, float] | None

    async def scored(
        self, watch: Watch, example: Example, rollout: Rollout, unscored: MetricError | None = None
    ) -> tuple[Failure | None, Feedback]:
        """How the candidate failed on ``example``, if it did, and the feedback.

        Args:
            watch: that of the task in which this is awaited.
            unscored: why the metric is not asked, if it is not.

        Raises:
            TookTooLong: the metric took longer than its timeout.
            MetricError: it gave no score, and that is to end the run or to be tried again.
            GepaError: a plugin failed, or something that passes stood in the way.
        """
        if rollout.error is not None:
            failure = Failure(type=type(rollout.error).__name__, message=describe(rollout.error))
            return failure, self._failing(f"The app failed with {failure.message}")
        try:
            if unscored is not None:
                raise unscored
            return None, await self._asked(watch, example, rollout)
        except MetricError as error:
            # A judge that is a model may be out of reach for a moment, or for good.
            if self.execution.metric_errors == "stop" or classify(error).kind != "candidate":
                raise
            message = f"the metric {error.problem}" if error.problem else str(error)
            failure = Failure(type=MetricError.__name__, message=message)
            return failure, self._failing(f"The output could not be scored: {message}")

    def _failing(self, text: str) -> Feedback:
        return Feedback(self.failure_score, text)

    async def _asked(self, watch: Watch, example: Example, rollout: Rollout) -> Feedback:
        """The metric's feedback, which has a score that is allowed."""
        asked = self.stages.feedback(example, rollout)
        feedback = await watch.within(self.execution.metric_timeout, asked)
        low, high = self.score_range or (feedback.score, feedback.score)
        if low <= feedback.score <= high:
            return feedback
        problem = f"gave {feedback.score:g}, which is not in the declared score_range of {low:g} to {high:g}"
        raise metric_error(problem, example)
