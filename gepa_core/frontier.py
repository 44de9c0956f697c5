"""The Pareto frontier: for each key the best score and who holds it.

A key is a validation example's id (the paper's instance-wise frontier) or an objective. Adding a
candidate costs time in proportion to its own scores, and choosing among those that are not dominated
at most in proportion to the number of keys, however many candidates there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from gepa_core.bits import mask_of, places_of

Rank: TypeAlias = tuple[float, int]
"""Mean score and pool index. Of candidates that hold the same, the lowest is removed first."""


@attrs.define(eq=False)
class _Leader:
    """A candidate that leads some key: it holds it, and nobody of a higher rank does.

    Attributes:
        holds: bit mask of the positions of the keys that it holds.
        leads: number of those that it leads.
    """

    rank: Rank
    holds: int = 0
    leads: int = 0


@attrs.define(eq=False)
class Frontier:
    """Best score and holders for each key, kept up to date as candidates are added.

    Candidates are known by their pool index. Keys keep the order in which they were first scored.
    """

    _position: dict[str, int] = attrs.field(factory=dict, init=False)
    _best: list[float] = attrs.field(factory=list, init=False)
    _holders: list[bytearray] = attrs.field(factory=list, init=False)
    """For each key a bit mask of the pool indices of those who hold it, as bytes that are changed in place: a
    number would be copied whenever one more holds it."""
    _leading: list[_Leader] = attrs.field(factory=list, init=False)
    """For each key who leads it."""
    _leaders: dict[int, _Leader] = attrs.field(factory=dict, init=False)
    """Those who lead some key, by pool index."""
    _survivors: dict[int, int] | None = attrs.field(default=None, init=False)
    _total: float = attrs.field(default=0.0, init=False)

    def add(self, index: int, scores: Mapping[str, float], mean: float) -> None:
        """Enter candidate ``index``, which was not entered before. A tie makes it a further holder.

        Args:
            scores: its scores by key.
            mean: its mean score, by which Algorithm 2 decides who is removed first.
        """
        entering, byte, bit = _Leader((mean, index)), index >> 3, 1 << (index & 7)
        held: list[int] = []
        beaten: list[int] = []
        for key, score in scores.items():
            position = self._position.setdefault(key, len(self._best))
            if position == len(self._best):
                self._begin(score, entering)
            elif score > self._best[position]:
                self._total += score - self._best[position]
                self._best[position] = score
                self._holders[position] = bytearray(byte + 1)
                self._lead(position, entering)
                beaten.append(position)
            elif score < self._best[position]:
                continue
            elif entering.rank > self._leading[position].rank:
                self._lead(position, entering)
            holders = self._holders[position]
            if byte >= len(holders):
                holders.extend(bytes(byte + 1 - len(holders)))
            holders[byte] |= bit
            held.append(position)
        if entering.leads:
            left = ~mask_of(beaten)
            for leader in self._leaders.values() if beaten else ():
                leader.holds &= left
            entering.holds = mask_of(held)
            self._leaders[index] = entering
            self._survivors = None

    def copy(self) -> Frontier:
        """The frontier as it is now, whatever is added to this one."""
        copied = Frontier()
        copied._position, copied._best, copied._total = dict(self._position), list(self._best), self._total
        copied._holders = [bytearray(holders) for holders in self._holders]
        copied._leaders = {index: attrs.evolve(leader) for index, leader in self._leaders.items()}
        copied._leading = [copied._leaders[leader.rank[1]] for leader in self._leading]
        copied._survivors = self._survivors
        return copied

    def _begin(self, score: float, leader: _Leader) -> None:
        """Take in a key that nobody has been scored on."""
        self._total += score
        self._best.append(score)
        self._holders.append(bytearray())
        self._leading.append(leader)
        leader.leads += 1

    def _lead(self, position: int, leader: _Leader) -> None:
        before = self._leading[position]
        before.leads -= 1
        if not before.leads:
            del self._leaders[before.rank[1]]
        leader.leads += 1
        self._leading[position] = leader

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
        return tuple(places_of(int.from_bytes(self._holders[self._position[key]], "little")))

    def survivors(self) -> dict[int, int]:
        """The candidates that are left when dominated ones are removed, with how many keys each holds.

        Paper, Algorithm 2: a holder is dominated when each key it holds is also held by another one that
        has not been removed. Holders are looked at in ascending order of their mean score (ties: of
        index), so that the worst goes first. One pass is enough, since removing one can only make the
        others harder to remove.

        Those above a holder are all still there when it is looked at. So it stays only for a key that it
        leads, and that nobody who has stayed before it holds either. Who leads no key is dominated.

        Returns:
            Pool index to number of keys, in ascending order of index; empty for an empty frontier.
        """
        if self._survivors is None:
            self._survivors = self._undominated()
        return dict(self._survivors)

    def _undominated(self) -> dict[int, int]:
        led = dict.fromkeys(self._leaders, 0)
        for position, leader in enumerate(self._leading):
            led[leader.rank[1]] |= 1 << position
        kept = 0
        left: dict[int, int] = {}
        for leader in sorted(self._leaders.values(), key=lambda leader: leader.rank):
            index = leader.rank[1]
            if led[index] & ~kept:
                kept |= leader.holds
                left[index] = leader.holds.bit_count()
        return dict(sorted(left.items()))
