"""One line of the table: something measured, and what it is held against."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Row:
    """A measurement with its peer, floor or goal.

    Attributes:
        group: the module that measured it.
        name: what was measured.
        value: the measurement, in ``unit``.
        beside: what stands beside it, in words.
        other: that in ``unit``; None when the peer cannot do it.
        better: which of the two directions is good.
        detail: single measurements behind it, for the JSON file alone.
    """

    group: str
    name: str
    value: float
    unit: str
    beside: str
    other: float | None
    better: str = "lower"
    detail: dict[str, Any] = attrs.field(factory=dict)

    @property
    def ratio(self) -> float | None:
        """The measurement in units of what stands beside it; None when that is nothing."""
        return self.value / self.other if self.other else None


def median_of(times: int, measure: Callable[[], float]) -> float:
    """The median of several measurements: the machine may be shared."""
    return statistics.median(measure() for _ in range(times))
