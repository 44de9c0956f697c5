"""Whether the right archive was asked, and whether the answer has the form that the house wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gepa_core import Feedback


def metric(example: Mapping[str, Any], output: Any) -> Feedback:
    """Score 0.3 for the passage that states the answer, 0.7 for the answer.

    Args:
        example: a row of the data; ``expected`` holds the answer, the title of its passage, and notes.
        output: the response, with the passages that it was made from.
    """
    expected = example["expected"]
    notes = expected["notes"]
    found = any(node.text.startswith(expected["passage"]) for node in output.source_nodes)
    right = str(output).strip() == expected["answer"]
    remarks = []
    if not found:
        remarks.append(f"The wrong archive was asked. {notes['query']}")
    elif not right:
        remarks.append(f"Answered {str(output)!r}, not {expected['answer']!r}. {notes['answer']}")
    return Feedback(
        score=0.3 * found + 0.7 * right,
        text=" ".join(remarks) or "The right archive was asked, and the answer is right.",
        objectives={"archive": float(found), "answer": float(right)},
    )
