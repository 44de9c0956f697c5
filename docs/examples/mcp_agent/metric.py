"""Whether the right tool was called, with its arguments as the shop writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gepa_core import Feedback, Trajectory


def metric(example: Mapping[str, Any], output: object, trajectory: Trajectory) -> Feedback:
    """Score the first call of a tool: 0.6 for the tool, 0.4 for the share of right arguments."""
    del output  # what the customer is told follows from the call
    expected = example["expected"]
    tool, notes = expected["tool"], expected["notes"]
    calls = [step for step in trajectory.steps if step.kind == "tool"]
    called = calls[0].name if calls else "no tool"
    if called != tool:
        text = f"Called {called}. {notes['tool']}"
        return Feedback(score=0.0, text=text, objectives={"tool": 0.0, "arguments": 0.0})
    given = calls[0].inputs if isinstance(calls[0].inputs, Mapping) else {}
    wrong = [name for name, value in expected["arguments"].items() if given.get(name) != value]
    remarks = [f"{name} was {given.get(name)!r}. {notes[name]}" for name in wrong]
    share = 1 - len(wrong) / len(expected["arguments"])
    return Feedback(
        score=0.6 + 0.4 * share,
        text=" ".join(remarks) or "The right tool was called, and called as it should be.",
        objectives={"tool": 1.0, "arguments": share},
    )
