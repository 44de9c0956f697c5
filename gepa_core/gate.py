"""One limit of concurrency for everything that calls a model, and the switch that ends a run."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gepa_core.errors import GepaError, InfrastructureFault


class Halted(GepaError):
    """Nothing more may begin; the message says why."""


class Gate:
    """Lets at most ``concurrency`` calls be under way, and none begin after `halt`.

    Of those that wait, the lowest proposal goes first, since all later ones wait for its commit. What is
    under way when the gate is halted is left to finish, so that what it cost is kept.
    """

    def __init__(self, concurrency: int) -> None:
        self._free = concurrency
        self._waiting: list[tuple[bool, int, int, Callable[[], bool]]] = []
        """Whether it begins something, proposal, order of arrival, turn: a heap."""
        self._arrivals = itertools.count()
        self._closed = asyncio.Event()
        self._reason = ""
        self._fault: InfrastructureFault | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def halted(self) -> str:
        """Why nothing more may begin; empty when it may."""
        return self._reason

    @property
    def refusal(self) -> GepaError:
        """What is raised by whatever would begin though nothing more may."""
        return self._fault or Halted(self._reason)

    def halt(self, reason: str) -> None:
        """Let nothing more begin. The first reason stays."""
        self._reason = self._reason or reason
        self._closed.set()
        for listener in self._listeners:
            listener()

    def on_halt(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called when nothing more may begin."""
        self._listeners.append(listener)

    def fail(self, fault: InfrastructureFault) -> None:
        """Let nothing more begin, because of ``fault``: whatever would begin raises it."""
        if not self._reason:
            self._fault = fault
        self.halt(str(fault))

    async def pause(self, seconds: float) -> None:
        """Wait before another attempt, or until the gate is halted, so that a run need not wait to end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)

    @asynccontextmanager
    async def place(self, number: int = 0, *, finishing: bool = False) -> AsyncIterator[None]:
        """Wait for a place and hold it.

        Args:
            number: the proposal that it is for.
            finishing: whether this ends something that was paid for and is not kept yet, such as the
                scoring of a rollout. It goes before whatever would begin, and goes on after `halt`.

        Raises:
            Halted: nothing more may begin.
            InfrastructureFault: nothing more may begin, because of it.
        """
        await self._enter(number, begins=not finishing)
        try:
            if self._reason and not finishing:
                raise self.refusal
            yield
        finally:
            self.leave()

    def enter(self, turn: Callable[[], bool], number: int = 0, *, finishing: bool = False) -> None:
        """Call ``turn`` as soon as there is a place, which may be now: `place` for what is no task yet.

        Args:
            turn: whether the place is taken, and given back by `leave` later. Has to look at `halted` itself
                and must not raise.
            number: as for `place`.
            finishing: as for `place`.
        """
        if not self._free:
            heapq.heappush(self._waiting, (not finishing, number, next(self._arrivals), turn))
            return
        self._free -= 1
        if not turn():
            self._free += 1

    def leave(self) -> None:
        """Hand a place to the next in line who takes it, or set it free."""
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if turn():
                return
        self._free += 1

    async def _enter(self, number: int, *, begins: bool) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.enter(functools.partial(_wake, turn), number, finishing=not begins)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place came at the same moment as the cancellation
            raise


def _wake(turn: asyncio.Future[None]) -> bool:
    if turn.done():  # cancelled
        return False
    turn.set_result(None)
    return True
