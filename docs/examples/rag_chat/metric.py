"""Whether the right passage was found, and whether the answer has the form that the house wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gepa_core import Feedback


def metric(example: Mapping[str, Any], output: Mapping[str, Any]) -> Feedback:
    """Score 0.3 for the passage that states the answer, 0.7 for the answer.

    Args:
        example: a row of the data; ``expected`` holds the answer, the title of its passage, and notes.
        output: what the chain returned.
    """
    expected = example["expected"]
    notes = expected["notes"]
    found = expected["passage"] in output["context"]
    right = output["answer"].strip() == expected["answer"]
    remarks = []
    if not found:
        remarks.append(f"The query {output['query']!r} did not find the passage. {notes['query']}")
    elif not right:
        remarks.append(f"Answered {output['answer']!r}, not {expected['answer']!r}. {notes['answer']}")
    return Feedback(
        score=0.3 * found + 0.7 * right,
        text=" ".join(remarks) or "The passage was found, and the answer is right.",
        objectives={"retrieval": float(found), "answer": float(right)},
    )
