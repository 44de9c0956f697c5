"""Waiting for the user's code, and leaving behind what does not come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar

import attrs

T = TypeVar("T")

_TO_CLEAN_UP = 1.0
"""Seconds that a task is given to end after it was cancelled, so that it can close what it opened."""

_SHORTEST = 0.1
"""Seconds between two looks at a task that is late and has time that does not count."""


class TookTooLong(Exception):
    """The time was over."""


class _LeftBehind(BaseException):
    """Ends a task that came back after it was left behind: somebody else has gone on in its place."""


def _nothing() -> float:
    return 0.0


@attrs.define(eq=False)
class Clock:
    """One timer for many watches: nearly all of what is watched ends long before its time is over."""

    _due: dict[Watch, float] = attrs.field(factory=dict, init=False)
    """When to look at each."""
    _timer: asyncio.TimerHandle | None = attrs.field(default=None, init=False)

    def look_at(self, watch: Watch, when: float) -> None:
        """Have ``watch`` look after its task at ``when``, a time of the event loop."""
        self._due[watch] = when
        if self._timer is None or when < self._timer.when():
            self._set(when)

    def forget(self, watch: Watch) -> None:
        """Let ``watch`` be."""
        del self._due[watch]  # the timer stays: to set it anew for whatever comes next takes longer

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, self._ring, context=Context())

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for watch in [watch for watch, when in self._due.items() if when <= now]:
            watch.look()
        if self._due:
            self._set(min(self._due.values()))


@attrs.define(eq=False)
class Watch:
    """A task that runs the user's code, and is no longer waited for when that takes too long.

    Work that is late is cancelled. Code that catches the cancellation and goes on, as a bare ``except:``
    in a loop does, is left behind with its task: what it returns or raises after that is forgotten.

    Attributes:
        clock: tells when time is over.
        failed: told of the error that the work ended with, `TookTooLong` included. It may be told while
            the task is still there, and never twice.
    """

    clock: Clock
    failed: Callable[[BaseException], None]
    _task: asyncio.Task[None] | None = attrs.field(default=None, init=False)
    _seconds: float = attrs.field(default=0.0, init=False)
    _end: float = attrs.field(default=0.0, init=False)
    _besides: Callable[[], float] = attrs.field(default=_nothing, init=False)
    _is_late: bool = attrs.field(default=False, init=False)
    _is_left: bool = attrs.field(default=False, init=False)

    def start(self, work: Callable[[Watch], Coroutine[Any, Any, None]], context: Context) -> None:
        """Begin a task that does ``work`` and is watched by this; called once.

        Args:
            context: the task's own; what the user's code puts there stays in it.
        """
        self._task = asyncio.get_running_loop().create_task(self._run(work), context=context)

    async def within(
        self, seconds: float | None, work: Awaitable[T], besides: Callable[[], float] = _nothing
    ) -> T:
        """The result of ``work``, if it has one within ``seconds``. To be awaited in the watched task.

        Args:
            seconds: None for no limit.
            besides: seconds so far that do not count.

        Raises:
            TookTooLong: it took longer, whatever it made of being cancelled.
            BaseException: what ``work`` raised.
        """
        if seconds is None:
            return await work
        self._seconds, self._besides = seconds, besides
        self._end = asyncio.get_running_loop().time() + seconds
        self.clock.look_at(self, self._end)
        try:
            return await work
        finally:
            if self._is_left:
                raise _LeftBehind
            self.clock.forget(self)
            if self._is_late and self._task is not None:
                self._is_late = False
                self._task.uncancel()
                raise TookTooLong

    async def _run(self, work: Callable[[Watch], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(self)
        except _LeftBehind:
            return
        except BaseException as error:
            self.failed(error)
            if not isinstance(error, Exception):
                raise

    def look(self) -> None:
        """The time may be over. Called by the clock."""
        now = asyncio.get_running_loop().time()
        left = self._end + self._besides() - now
        if self._is_late:  # and did not end when it was cancelled
            self.clock.forget(self)
            self._is_left = True
            self.failed(TookTooLong())
        elif left > 0:
            self.clock.look_at(self, now + max(left, min(self._seconds, _SHORTEST)))
        elif self._task is not None:
            self._is_late = True
            self._task.cancel()
            self.clock.look_at(self, now + min(self._seconds, _TO_CLEAN_UP))
