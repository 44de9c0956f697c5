"""How long the proposals of a finished run would have taken if nothing but the models took time.

A discrete-event simulation of the engine's schedule: the same proposals, with the rollouts and
reflections that each was charged with, planned when the commit that they saw is done, committed in order,
one limit of concurrency for all of them, the lower number first.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence

import attrs

from gepa_core.types import Proposal

Batch = tuple[float, int]
"""Seconds that each operation takes, and how many are begun at once."""
WAIT: Batch = (0.0, -1)
"""Nothing is begun until all proposals before are committed."""


@attrs.frozen(kw_only=True)
class Latency:
    """Seconds that a rollout and a reflection take."""

    rollout: float
    reflection: float

    def batches(self, proposal: Proposal, *, rebases: bool) -> Iterator[Batch]:
        """What ``proposal`` did, one thing after the other.

        Args:
            rebases: whether it waited for the proposals before it when it had passed its first test.
        """
        rollouts = proposal.rollouts
        yield self.rollout, sum(rollouts.get(purpose, 0) for purpose in ("seed", "parent"))
        for _ in range(proposal.reflections):
            yield self.reflection, 1
        yield self.rollout, rollouts.get("probe", 0)
        first = min(rollouts.get("child", 0), len(proposal.examples))
        yield self.rollout, first
        if rebases and proposal.kind == "mutation" and "validation" in rollouts:
            yield WAIT
        yield self.rollout, rollouts.get("child", 0) - first
        for purpose in ("merge", "validation"):
            yield self.rollout, rollouts.get(purpose, 0)


def ideal_seconds(
    proposals: Sequence[Proposal], latency: Latency, concurrency: int, *, rebases: bool
) -> float:
    """Wall clock of ``proposals``, all of a run, in their order.

    Args:
        rebases: whether mutations were rebased (`gepa_core.Preset.rebase`).
    """
    simulation = _Simulation(proposals, latency, concurrency, rebases=rebases)
    while simulation.committed < len(proposals) - 1:
        simulation.step()
    return simulation.now


class _Simulation:
    def __init__(
        self, proposals: Sequence[Proposal], latency: Latency, concurrency: int, *, rebases: bool
    ) -> None:
        self.now = 0.0
        self.committed = -1
        self._proposals = proposals
        self._ahead = [iter(list(latency.batches(proposal, rebases=rebases))) for proposal in proposals]
        self._rebasing: set[int] = set()
        """Those that wait for the commits before theirs."""
        self._left = [0] * len(proposals)
        self._done = [False] * len(proposals)
        self._planned = 0
        self._free = concurrency
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, float]] = []
        """Proposal, order of arrival, seconds."""
        self._running: list[tuple[float, int]] = []
        """When it ends, proposal."""
        self._plan()

    def step(self) -> None:
        """Let the next operation end, and whatever can begin then."""
        self.now, number = heapq.heappop(self._running)
        self._free += 1
        self._left[number] -= 1
        if not self._left[number]:
            self._go_on(number)
        self._begin()

    def _plan(self) -> None:
        while True:
            while self.committed + 1 < self._planned and self._done[self.committed + 1]:
                self.committed += 1
            if self.committed + 1 in self._rebasing:
                self._rebasing.remove(self.committed + 1)
                self._go_on(self.committed + 1)
                continue
            following = self._planned
            if following == len(self._proposals) or self._proposals[following].seen > self.committed:
                break
            self._planned += 1
            self._go_on(following)
        self._begin()

    def _go_on(self, number: int) -> None:
        for seconds, count in self._ahead[number]:
            if (seconds, count) == WAIT:
                if number == self.committed + 1:
                    continue
                self._rebasing.add(number)
                return
            if count:
                self._left[number] = count
                for _ in range(count):
                    heapq.heappush(self._waiting, (number, next(self._order), seconds))
                return
        self._done[number] = True
        if number == self.committed + 1:
            self._plan()

    def _begin(self) -> None:
        while self._free and self._waiting:
            number, _, seconds = heapq.heappop(self._waiting)
            self._free -= 1
            heapq.heappush(self._running, (self.now + seconds, number))
