"""What a metric may return, and how it is said that it returned something else."""

from __future__ import annotations

import math
from typing import Any

from gepa_core.data import shown
from gepa_core.errors import MetricError
from gepa_core.types import LARGEST, Example, Feedback


def metric_error(problem: str, example: Example) -> MetricError:
    """An error that names ``example``, so that its row can be found, and says how to go on.

    Args:
        problem: goes on after "the metric", such as "raised KeyError: 'gold'".
    """
    return MetricError(
        f"{example.split} example {example.id!r} ({shown(example.inputs)}): the metric {problem}."
        " Mend it and run again with the same run_dir, which keeps what was paid for, or count such"
        ' examples as failures: metric_errors="fail" in Execution(…), or below [execution] in gepa.toml',
        example=example.id,
        problem=problem,
    )


def as_feedback(result: Any, example: Example) -> Feedback:
    """What a metric returned, as a `Feedback`.

    Raises:
        MetricError: it is no finite number and no Feedback; names the example.
    """
    if isinstance(result, Feedback):
        return result
    try:
        return Feedback(result)
    except ValueError:
        limit = f" up to {LARGEST:g}" if isinstance(result, float) and math.isfinite(result) else ""
        problem = f"returned {shown(result)}, and not a finite number{limit} or a Feedback(score, text)"
        raise metric_error(problem, example) from None
