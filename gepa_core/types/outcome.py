"""A finished rollout, as it is stored."""

from __future__ import annotations

import attrs

from gepa_core.types.content import Json
from gepa_core.types.example import Split
from gepa_core.types.feedback import Feedback
from gepa_core.types.trajectory import Trajectory


@attrs.frozen(kw_only=True)
class Failure:
    """Why a candidate failed on an example: the error was the candidate's fault, not the network's."""

    type: str
    message: str


@attrs.frozen(kw_only=True)
class Outcome:
    """A finished rollout with its feedback, in the form in which it is stored.

    Attributes:
        candidate: the candidate's id.
        example: the example's id within its split.
        split: the example's split.
        draw: 0, or the number of the proposal that wanted a fresh rollout instead of a known one.
        output: the app's output as JSON.
        failure: how the candidate failed on this example; None when it did not.
        feedback: the metric's word; of a failure the failure score, with the error as its text.
        seconds: wall clock of the rollout.
        attempts: how often it was tried: more than once after infrastructure faults.
    """

    candidate: str
    example: str
    split: Split
    draw: int = 0
    output: Json = None
    trajectory: Trajectory = Trajectory()
    failure: Failure | None = None
    feedback: Feedback
    seconds: float = 0.0
    attempts: int = 1

    @property
    def score(self) -> float:
        """The feedback's score."""
        return self.feedback.score
