"""Waiting for the user's code, and leaving behind what does not come back."""

from __future__ import annotations

import asyncio
import time
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
class Watch:
    """A task that runs the user's code, and is no longer waited for when that takes too long.

    Work that is late is cancelled. Code that catches the cancellation and goes on, as a bare ``except:``
    in a loop does, is left behind with its task: what it returns or raises after that is forgotten.

    Attributes:
        failed: told of the error that the work ended with, `TookTooLong` included. It may be told while
            the task is still there, and never twice.
    """

    failed: Callable[[BaseException], None]
    _task: asyncio.Task[None] | None = attrs.field(default=None, init=False)
    _timer: asyncio.TimerHandle | None = attrs.field(default=None, init=False)
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
        loop, end = asyncio.get_running_loop(), time.monotonic() + seconds
        self._timer = loop.call_later(seconds, self._look, seconds, end, besides)
        try:
            return await work
        finally:
            self._timer.cancel()
            if self._is_late:
                self._end_lateness()

    async def _run(self, work: Callable[[Watch], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(self)
        except _LeftBehind:
            return
        except BaseException as error:
            self.failed(error)
            if not isinstance(error, Exception):
                raise

    def _look(self, seconds: float, end: float, besides: Callable[[], float]) -> None:
        """The time may be over."""
        loop, left = asyncio.get_running_loop(), end + besides() - time.monotonic()
        if left > 0:
            wait = max(left, min(seconds, _SHORTEST))
            self._timer = loop.call_later(wait, self._look, seconds, end, besides)
        elif self._task is not None:
            self._is_late = True
            self._task.cancel()
            self._timer = loop.call_later(min(seconds, _TO_CLEAN_UP), self._leave)

    def _leave(self) -> None:
        self._is_left = True
        self.failed(TookTooLong())

    def _end_lateness(self) -> None:
        """The user's code came back late."""
        if self._is_left or self._task is None:
            raise _LeftBehind
        self._is_late = False
        self._task.uncancel()
        raise TookTooLong
