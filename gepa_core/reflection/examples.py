"""What the reflection model is shown of the minibatch: one record for each example."""

from __future__ import annotations

from collections.abc import Sequence

from gepa_core.mutation import Reflected
from gepa_core.redaction import redact
from gepa_core.reflection.layout import show
from gepa_core.reflection.pieces import Piece, titled
from gepa_core.reflection.steps import show_steps
from gepa_core.types import Component, Outcome

_IMPORTANT = 3.0
"""Feedback, errors and expected outputs stay this much longer than the rest when texts are cut."""


def show_examples(
    minibatch: Sequence[Reflected], component: Component, *, examples: int, steps: int
) -> list[Piece]:
    """A record for each example, in the minibatch's order.

    Args:
        examples: records shown at most; those with the lowest scores come first.
        steps: steps shown of each trajectory.
    """
    by_score = sorted(range(len(minibatch)), key=lambda i: (minibatch[i].outcome.score, i))
    shown = sorted(by_score[:examples])
    pieces: list[Piece] = []
    for i in shown:
        pieces.append(f"### Example {i + 1} of {len(minibatch)}\n")
        pieces += _record(minibatch[i], component, steps)
        pieces.append("\n")
    missing = len(minibatch) - len(shown)
    if missing:
        pieces.append(f"[… {missing:,} {'example' if missing == 1 else 'examples'} cut …]\n")
    return pieces


def _record(reflected: Reflected, component: Component, steps: int) -> list[Piece]:
    example, outcome = reflected.example, reflected.outcome
    pieces = titled("Inputs", show(example.inputs))
    account = show_steps(outcome.trajectory, component, steps)
    if account:
        pieces += ["#### What the system did\n", *account]
    if outcome.failure is None or outcome.output is not None:
        pieces += titled("Output", show(outcome.output))
    if example.expected is not None:
        pieces += titled("Expected output", show(example.expected), _IMPORTANT)
    return [*pieces, *_judgement(outcome, component)]


def _judgement(outcome: Outcome, component: Component) -> list[Piece]:
    pieces: list[Piece] = ["#### Score\n", f"{outcome.score:.6g}{_objectives(outcome)}\n"]
    error = ""
    if outcome.failure is not None:
        error = redact(f"{outcome.failure.type}: {outcome.failure.message}")
        pieces += titled("Error: the system failed on this example", error, _IMPORTANT)
    text = outcome.feedback.text.strip()
    if text and text not in error and not (error and error in text and len(text) < 2 * len(error)):
        pieces += titled("Feedback", text, _IMPORTANT)
    own = outcome.feedback.by_component.get(component.name, "").strip()
    if own:
        pieces += titled("Feedback on this component", own, _IMPORTANT)
    return pieces


def _objectives(outcome: Outcome) -> str:
    objectives = outcome.feedback.objectives
    if not objectives:
        return ""
    return " (" + ", ".join(f"{name}: {score:.6g}" for name, score in objectives.items()) + ")"
