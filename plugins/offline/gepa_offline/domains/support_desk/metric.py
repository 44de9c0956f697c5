"""How a support lead would score what the desk did with a ticket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gepa_core.types import Feedback

WEIGHTS = {"queue": 0.3, "priority": 0.2, "reply": 0.5}


def metric(row: Mapping[str, Any], output: Mapping[str, Any]) -> Feedback:
    """Score queue, priority and the points of the reply, and say in words what was missed.

    Args:
        row: a row of the data; ``row["expected"]`` holds queue, priority, the words that the reply has
            to contain, and the lead's notes on each.
        output: the app's output with the texts ``"triage"`` and ``"reply"``.
    """
    expected = row["expected"]
    notes = expected["notes"]
    triage, reply = str(output["triage"]), str(output["reply"]).lower()
    said = {field: _field(triage, field) for field in ("queue", "priority")}
    missed = [field for field in said if said[field] != expected[field]]
    absent = [words for words in expected["reply"] if words not in reply]
    objectives = {field: float(field not in missed) for field in said}
    objectives["reply"] = 1 - len(absent) / len(expected["reply"])
    of_triage = [f"The {field} was {said[field]!r}. {notes[field]}" for field in missed]
    of_reply = [f"The reply lacks a point. {notes[words]}" for words in absent]
    return Feedback(
        score=sum(WEIGHTS[name] * value for name, value in objectives.items()),
        text=" ".join([*of_triage, *of_reply]) or "Sorted and answered as it should be.",
        objectives=objectives,
        by_component={
            "triage": " ".join(of_triage) or "Queue and priority are right.",
            "reply": " ".join(of_reply) or "The reply says what it should.",
        },
    )


def _field(triage: str, name: str) -> str:
    """What the triage says after ``name:``, in lower case; empty if it says nothing."""
    match = re.search(rf"^\W*{name}\W+(\w+)", triage, re.IGNORECASE | re.MULTILINE)
    return match.group(1).lower() if match else ""
