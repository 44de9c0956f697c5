"""What a support lead thinks of an answer: a score, and in words what was missed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gepa_core import Feedback

WEIGHTS = {"queue": 0.3, "priority": 0.2, "reply": 0.5}


def metric(example: Mapping[str, Any], output: Mapping[str, Any]) -> Feedback:
    """Score queue, priority and the points of the reply.

    Args:
        example: a row of the data; ``expected`` holds queue, priority, the words that the reply has to
            contain, and the lead's notes on each.
        output: what the chain returned.
    """
    expected = example["expected"]
    notes = expected["notes"]
    said = {field: _field(output["triage"], field) for field in ("queue", "priority")}
    wrong = [field for field in said if said[field] != expected[field]]
    absent = [words for words in expected["reply"] if words not in output["reply"].lower()]

    objectives = {field: float(field not in wrong) for field in said}
    objectives["reply"] = 1 - len(absent) / len(expected["reply"])
    remarks = [f"The {field} was {said[field]!r}. {notes[field]}" for field in wrong]
    remarks += [f"The reply lacks a point. {notes[words]}" for words in absent]
    return Feedback(
        score=sum(WEIGHTS[name] * value for name, value in objectives.items()),
        text=" ".join(remarks) or "Sorted and answered as it should be.",
        objectives=objectives,
    )


def _field(triage: str, name: str) -> str:
    match = re.search(rf"^\W*{name}\W+(\w+)", triage, re.IGNORECASE | re.MULTILINE)
    return match.group(1).lower() if match else ""
