"""What is kept of a trajectory that must not be kept."""

from __future__ import annotations

import attrs

from gepa_core.marks import marks_in, texts_in
from gepa_core.types import Outcome, Step, Trajectory

NOT_KEPT = "(not kept)"


def outlined(outcome: Outcome) -> Outcome:
    """``outcome`` without what went into the steps of its trajectory and what came out.

    Usage and components stay, since the run counts them, and of a model's inputs the marks that show which
    texts reach it: they are ours.
    """
    steps = tuple(map(_outlined, outcome.trajectory.steps))
    return attrs.evolve(outcome, trajectory=Trajectory(steps=steps, kept=False))


def _outlined(step: Step) -> Step:
    marks = marks_in(texts_in(step.inputs)) if step.kind == "model" else []
    return attrs.evolve(step, inputs=marks or None, output=None, error=NOT_KEPT if step.error else "")
