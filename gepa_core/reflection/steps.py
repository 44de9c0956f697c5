"""The trajectory around one component: its own steps in full, a short account of the others."""

from __future__ import annotations

from gepa_core.faults import scrub_addresses
from gepa_core.redaction import redact
from gepa_core.reflection.layout import show
from gepa_core.reflection.pieces import Piece, piece_of
from gepa_core.types import Component, Step, Trajectory

_KINDS = {"model": "model call", "tool": "tool call", "retrieval": "retrieval", "custom": "step"}
_SHORT_ERROR = 200
_WORTH_NAMING = 80
"""A current text of at least so many characters is named, not repeated, where it was sent verbatim."""


def show_steps(trajectory: Trajectory, component: Component, most: int) -> list[Piece]:
    """What the system did, in order.

    Steps of which the component is part are shown in full. Where an adapter could not tell which
    component caused any of the steps, all of them are.

    Args:
        most: steps shown; those of the component and those that failed come first.
    """
    steps = trajectory.steps
    untold = not any(step.components for step in steps)
    own = {i for i, step in enumerate(steps) if untold or component.name in step.components}
    notable = [i for i, step in enumerate(steps) if i in own or step.error]
    rest = [i for i, step in enumerate(steps) if not (i in own or step.error)]
    kept = _ends(notable, most)
    shown = sorted([*kept, *_ends(rest, most - len(kept))])
    pieces: list[Piece] = []
    expected = 0
    for i in shown:
        pieces += _gap(i - expected)
        pieces += _in_full(i, steps[i], component) if i in own else _in_short(i, steps[i])
        expected = i + 1
    return pieces + _gap(len(steps) - expected)


def _ends(indices: list[int], most: int) -> list[int]:
    """At most ``most`` of ``indices``: the first ones and the last ones."""
    if len(indices) <= most:
        return indices
    head = (max(0, most) + 1) // 2
    tail = max(0, most) - head
    return indices[:head] + indices[len(indices) - tail :]


def _gap(steps: int) -> list[Piece]:
    return [f"[… {steps:,} {'step' if steps == 1 else 'steps'} cut …]\n"] if steps > 0 else []


def _title(number: int, step: Step) -> str:
    name = scrub_addresses(" ".join(step.name.split()))
    return f"{number + 1}. {_KINDS[step.kind]} `{name}`"


def _in_full(number: int, step: Step, component: Component) -> list[Piece]:
    pieces: list[Piece] = [f"{_title(number, step)}\n"]
    for label, value in (("Input", step.inputs), ("Output", step.output)):
        if value is not None:
            pieces += [f"{label} of step {number + 1}:\n", piece_of(_named(show(value), component)), "\n"]
    if step.error:
        pieces += [f"Error of step {number + 1}:\n", piece_of(redact(step.error), 2.0), "\n"]
    return pieces


def _named(text: str, component: Component) -> str:
    if len(component.text) < _WORTH_NAMING:
        return text
    return text.replace(component.text, f"[… the current text of {component.name!r} …]")


def _in_short(number: int, step: Step) -> list[Piece]:
    sizes = [
        f"{len(show(value)):,} characters {way}"
        for way, value in (("in", step.inputs), ("out", step.output))
        if value is not None
    ]
    account = f"{_title(number, step)}{': ' if sizes else ''}{', '.join(sizes)}"
    if step.error:
        error = " ".join(scrub_addresses(redact(step.error)).split())
        error = error if len(error) <= _SHORT_ERROR else f"{error[: _SHORT_ERROR - 1]}…"
        account += f"; it failed: {error}"
    return [f"{account}\n"]
