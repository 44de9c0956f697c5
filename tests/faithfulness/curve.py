"""A best-so-far curve: validation score over rollouts."""

from __future__ import annotations

from collections.abc import Sequence

import attrs


@attrs.define
class Curve:
    """Points (rollouts spent, best score known then), in order of spending."""

    points: list[tuple[int, float]] = attrs.field(factory=list)

    def add(self, spent: int, score: float) -> None:
        """A candidate of ``score`` is known after ``spent`` rollouts."""
        best = max(score, self.points[-1][1]) if self.points else score
        self.points.append((spent, best))

    def at(self, spent: int) -> float:
        """The best score known after ``spent`` rollouts; of the seed, before it was scored."""
        known = [score for when, score in self.points if when <= spent]
        return known[-1] if known else self.points[0][1]

    def mean(self, grid: Sequence[int]) -> float:
        """Mean of the best score over a grid of rollouts: the normalised area under the curve."""
        return sum(map(self.at, grid)) / len(grid)
