"""Whether each part of a question was sent to the right archive, and each part of the answer is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gepa_core import Feedback


def metric(example: Mapping[str, Any], output: Any) -> Feedback:
    """Score each part of the question: 0.3 for its passage, 0.7 for its answer.

    Args:
        example: a row of the data; ``expected`` holds the answer, passage and notes of each part.
        output: the response, with the responses to the sub-questions among its sources.
    """
    parts = example["expected"]
    retrieved = [node.text for node in output.source_nodes]
    found = [any(text.startswith(part["passage"]) for text in retrieved) for part in parts]
    right = [part["answer"] in str(output) for part in parts]
    remarks = [
        part["notes"]["answer" if at_hand else "query"]
        for part, at_hand, done in zip(parts, found, right, strict=True)
        if not done
    ]
    objectives = {"archive": sum(found) / len(parts), "answer": sum(right) / len(parts)}
    return Feedback(
        score=0.3 * objectives["archive"] + 0.7 * objectives["answer"],
        text=" ".join(remarks) or "All parts of the answer are right.",
        objectives=objectives,
    )
