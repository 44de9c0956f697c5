"""The view of a run that plugins decide by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from operator import or_
from random import Random
from typing import Generic, TypeVar, overload

from gepa_core.bits import places_of
from gepa_core.frontier import Frontier
from gepa_core.randomness import generator
from gepa_core.state import Member, State
from gepa_core.types import Candidate, Component, Example, Proposal

T = TypeVar("T")


class Prefix(Sequence[T], Generic[T]):
    """The first ``length`` items of a list that only ever grows, without copying them."""

    def __init__(self, items: list[T], length: int) -> None:
        self._items = items
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._items[place] for place in range(*index.indices(self._length))]
        return self._items[range(self._length)[index]]

    def __iter__(self) -> Iterator[T]:
        return (self._items[place] for place in range(self._length))


class Pool:
    """What a plugin may look at: the pool as the commits up to one of them left it.

    Attributes:
        committed: number of the last commit that can be seen, -1 before the seed's.
        merges_under_way: merges that were planned before and are not committed.
        merge_planned: whether one of them was planned by the same commits: the merge that is due once after
            an acceptance.
    """

    def __init__(
        self,
        state: State,
        committed: int | None = None,
        *,
        merges_under_way: int = 0,
        merge_planned: bool = False,
    ) -> None:
        self._state = state
        self.committed = state.committed if committed is None else committed
        self.merges_under_way = merges_under_way
        self.merge_planned = merge_planned

    @property
    def components(self) -> tuple[Component, ...]:
        """Every component that may change, with the seed's texts."""
        return self._state.components

    @property
    def live(self) -> tuple[str, ...]:
        """Names of the components that reach a model, as far as the seed's validation showed."""
        return self._state.proposals[0].components or tuple(part.name for part in self.components)

    @property
    def train(self) -> tuple[Example, ...]:
        """The training set."""
        return self._state.train

    @property
    def val(self) -> tuple[Example, ...]:
        """The validation set."""
        return self._state.val

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self._state.seed

    @property
    def perfect_score(self) -> float | None:
        """The score that cannot be bettered; None when there is none, or when one was seen above it."""
        outgrown = self._state.outgrown
        return None if outgrown is not None and outgrown <= self.committed else self._state.perfect_score

    def rng(self, purpose: str, number: int) -> Random:
        """A generator seeded by (run seed, ``purpose``, ``number``)."""
        return generator(self.seed, purpose, number)

    @property
    def members(self) -> Sequence[Member]:
        """The candidates, oldest first; the seed is the first."""
        size = self._state.sizes[self.committed] if self.committed >= 0 else 0
        return Prefix(self._state.members, size)

    @property
    def proposals(self) -> Sequence[Proposal]:
        """The committed proposals, oldest first; the seed's is the first."""
        return Prefix(self._state.proposals, self.committed + 1)

    @property
    def frontier(self) -> Frontier:
        """The Pareto frontier. Treat it as read-only."""
        has_grown = len(self._state.members) > len(self.members)
        return self._past_frontier if has_grown else self._state.frontier

    @cached_property
    def _past_frontier(self) -> Frontier:
        return self._state.past_frontier(len(self.members))

    @property
    def best(self) -> Member:
        """The member with the highest mean on validation; the earlier one of equals.

        Raises IndexError before the seed's commit.
        """
        return self.members[self._state.bests[max(self.committed, 0)]]

    @property
    def spent(self) -> int:
        """Rollouts charged."""
        return self._state.spent[self.committed] if self.committed >= 0 else 0

    @property
    def merges(self) -> int:
        """Merges tried, those under way included."""
        committed = self._state.merges[self.committed] if self.committed >= 0 else 0
        return committed + self.merges_under_way

    def survivors(self) -> dict[int, int]:
        """Members that are not dominated, to the number of frontier keys each holds (Algorithm 2)."""
        return dict(self._survivors)

    @cached_property
    def _survivors(self) -> dict[int, int]:
        """Kept, so that whoever asks again when the pool has grown does not need the past frontier."""
        return self.frontier.survivors()

    def turn(self, member: Member) -> int:
        """How many component choices were made along ``member``'s lineage."""
        return self._state.turn(member.index, self.committed)

    def train_scores(self, member: Member) -> dict[str, float]:
        """Scores of ``member`` on training examples, as far as known, by example id."""
        known = self._state.train_scores.get(member.index, {})
        return {example: score for example, (score, commit) in known.items() if commit <= self.committed}

    def is_known(self, candidate: Candidate) -> bool:
        """Whether equal texts were proposed before, whatever became of them."""
        return self._state.known.get(candidate.id, self.committed + 1) <= self.committed

    def are_related(self, one: int, other: int) -> bool:
        """Whether one of two members (by index) is an ancestor of the other, or both are the same."""
        lineage = self._state.lineage
        return one == other or bool(lineage[one] >> other & 1) or bool(lineage[other] >> one & 1)

    def common_ancestors(
        self, one: int, other: int, having: Iterable[tuple[str, str]] | None = None
    ) -> list[int]:
        """Indices of the common ancestors of two members (by index), ascending.

        Args:
            having: component and text each: only those ancestors that have one of these texts. To look at all
                of them takes long when lines are.
        """
        common = self._state.lineage[one] & self._state.lineage[other]
        if having is not None:
            common &= reduce(or_, map(self._carriers, having), 0)
        return list(places_of(common))

    def _carriers(self, text: tuple[str, str]) -> int:
        first, mask = self._state.carriers.get(text, (0, 0))
        return mask << first
