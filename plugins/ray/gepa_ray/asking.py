"""Words about calls of models on their way from a worker to the run.

Ray lets nobody call the process of the run, so that asks each worker for its news, one question at a time.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator

import attrs

from gepa_core.pacing import CallDesk, Calls, Leave, Word

News = list[tuple[int, Word]]
"""Words, each with the number of its rollout."""


@attrs.define(eq=False)
class Outbox:
    """What the rollouts of a worker have to say. Filled from any thread.

    A batch may be lost on its way behind an answer that overtakes it, so what a rollout said and nobody
    is known to have heard goes with its answer once more.
    """

    _loop: asyncio.AbstractEventLoop = attrs.field(factory=asyncio.get_running_loop, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _kept: News = attrs.field(factory=list, init=False)
    _taken: News = attrs.field(factory=list, init=False)
    _filled: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)

    def put(self, rollout: int, word: Word) -> None:
        """Keep a word until it is taken."""
        with self._lock:
            self._kept.append((rollout, word))
        self._loop.call_soon_threadsafe(self._filled.set)

    async def take(self) -> News:
        """Wait for news. Whoever takes it has heard all that was taken before."""
        self._taken = []
        await self._filled.wait()
        with self._lock:
            self._filled.clear()
            self._taken, self._kept = self._kept, []
        return self._taken

    def rest(self, rollout: int) -> list[Word]:
        """What a rollout that is over said and nobody is known to have heard."""
        with self._lock:
            said = [*self._taken, *self._kept]
            self._kept = [(number, word) for number, word in self._kept if number != rollout]
        return [word for number, word in said if number == rollout]


@attrs.define(eq=False)
class Desks:
    """The desks of all rollouts that are on workers, in the process of the run."""

    _numbers: Iterator[int] = attrs.field(factory=itertools.count, init=False)
    _open: dict[int, CallDesk] = attrs.field(factory=dict, init=False)

    def open(self, calls: Calls, reply: Callable[[int, Leave], None]) -> int:
        """A desk for a rollout; returns the rollout's number."""
        number = next(self._numbers)
        self._open[number] = CallDesk(calls, lambda leave: reply(number, leave))
        return number

    def hear(self, number: int, word: Word) -> None:
        """A word of a rollout; of one that is over it is worth nothing."""
        desk = self._open.get(number)
        if desk is not None:
            desk.hear(word)

    def close(self, number: int) -> None:
        """The rollout is over."""
        self._open.pop(number).close()
