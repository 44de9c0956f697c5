"""The Pareto frontier: for each key the best score and who holds it.

A key is a validation example's id (the paper's instance-wise frontier) or an objective. Adding a
candidate costs time in proportion to its own scores; a holder that is beaten on a key is removed from
it once, so the whole of a run's updates costs no more than all scores together.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import or_

import attrs


@attrs.define
class Frontier:
    """Best score and holders for each key, kept up to date as candidates are added.

    Candidates are known by their pool index. Keys keep the order in which they were first scored.
    """

    _position: dict[str, int] = attrs.field(factory=dict, init=False)
    _best: list[float] = attrs.field(factory=list, init=False)
    _holders: list[list[int]] = attrs.field(factory=list, init=False)
    _held: dict[int, int] = attrs.field(factory=dict, init=False)
    """Pool index of each holder to a bit mask of the positions of the keys that it holds."""
    _total: float = attrs.field(default=0.0, init=False)

    def add(self, index: int, scores: Mapping[str, float]) -> None:
        """Enter candidate ``index`` with its ``scores`` by key. A tie makes it a further holder."""
        for key, score in scores.items():
            position = self._position.setdefault(key, len(self._best))
            if position == len(self._best):
                self._best.append(score)
                self._holders.append([])
                self._total += score
            elif score > self._best[position]:
                self._total += score - self._best[position]
                self._best[position] = score
                self._evict(position)
            elif score < self._best[position]:
                continue
            insort(self._holders[position], index)
            self._held[index] = self._held.get(index, 0) | (1 << position)

    def _evict(self, position: int) -> None:
        for beaten in self._holders[position]:
            mask = self._held[beaten] & ~(1 << position)
            if mask:
                self._held[beaten] = mask
            else:
                del self._held[beaten]
        self._holders[position] = []

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, in the order in which they were first scored."""
        return tuple(self._position)

    @property
    def mean(self) -> float:
        """Mean over keys of the best score; 0 for an empty frontier."""
        return self._total / len(self._best) if self._best else 0.0

    def best(self, key: str) -> float:
        """The best score on ``key``. Raises KeyError when nothing was scored on it."""
        return self._best[self._position[key]]

    def holders(self, key: str) -> tuple[int, ...]:
        """Pool indices of those that hold the best score on ``key``, ascending."""
        return tuple(self._holders[self._position[key]])

    @property
    def members(self) -> tuple[int, ...]:
        """Pool indices of all that hold at least one key, ascending."""
        return tuple(sorted(self._held))

    def survivors(self, means: Sequence[float]) -> dict[int, int]:
        """The candidates that are left when dominated ones are removed, with how many keys each holds.

        Paper, Algorithm 2: a holder is dominated when each key it holds is also held by another one that
        has not been removed. Holders are looked at in ascending order of their mean score (ties: of
        index), so that the worst goes first. One pass is enough, since removing one can only make the
        others harder to remove. With masks of keys a pass takes one look at each holder.

        Args:
            means: mean score by pool index.

        Returns:
            Pool index to number of keys, in ascending order of index; empty for an empty frontier.
        """
        order = sorted(sorted(self._held), key=means.__getitem__)
        masks = [self._held[index] for index in order]
        # At each place what those behind it hold; the last has none behind it.
        behind = [*accumulate(reversed(masks), or_, initial=0)][-2::-1]
        # Who holds nothing but what those behind it hold is dominated whatever became of those before it.
        places = [place for place, mask in enumerate(masks) if mask & ~behind[place]]
        kept = 0
        left: dict[int, int] = {}
        for place in places:
            mask = masks[place]
            if mask & ~(kept | behind[place]):
                kept |= mask
                left[order[place]] = mask.bit_count()
        return dict(sorted(left.items()))
