"""Whether the request came to the right desk, and whether the right tool was called there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gepa_core import Feedback, Trajectory

DESKS = {
    "find_order": "orders",
    "refund_payment": "orders",
    "book_visit": "repairs",
    "search_help": "repairs",
}


def metric(example: Mapping[str, Any], output: object, trajectory: Trajectory) -> Feedback:
    """Score 0.4 for the desk and 0.6 for the tool."""
    del output  # what the customer is told follows from the call
    tool, notes = example["expected"]["tool"], example["expected"]["notes"]
    called = [step.name for step in trajectory.steps if step.kind == "tool" and step.name in DESKS]
    desk_is_right = DESKS[tool] in [DESKS[name] for name in called]
    tool_is_right = tool in called
    text = "The right tool was called."
    if not tool_is_right:
        where = "at the right desk" if desk_is_right else "at the wrong desk"
        text = f"Called {', '.join(called) or 'no tool'}, {where}. {notes['tool']}"
    return Feedback(
        score=0.4 * desk_is_right + 0.6 * tool_is_right,
        text=text,
        objectives={"desk": float(desk_is_right), "tool": float(tool_is_right)},
    )
