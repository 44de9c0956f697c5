"""Waiting for the user's code, and leaving behind what does not come back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_TO_CLEAN_UP = 1.0
"""Seconds that a task is given to end after it was cancelled, so that it can close what it opened."""

_SHORTEST = 0.1
"""Seconds between two looks at a task that is late and has time that does not count."""


class TookTooLong(Exception):
    """The time was over."""


def _nothing() -> float:
    return 0.0


async def within(
    seconds: float | None, work: Coroutine[Any, Any, T], *, besides: Callable[[], float] = _nothing
) -> T:
    """The result of ``work``, if it has one within ``seconds``; None for no limit.

    Work that is late is cancelled. Code that catches the cancellation and goes on, as a bare ``except:``
    in a loop does, is not waited for: what it returns or raises after that is forgotten.

    Args:
        besides: seconds so far that do not count.

    Raises:
        TookTooLong: it took longer.
        Exception: what ``work`` raised.
    """
    if seconds is None:
        return await work
    task, began = asyncio.ensure_future(work), time.monotonic()
    try:
        while (left := began + seconds + besides() - time.monotonic()) > 0 and not task.done():
            await asyncio.wait({task}, timeout=max(left, min(seconds, _SHORTEST)))
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait({task}, timeout=min(seconds, _TO_CLEAN_UP))
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        task.add_done_callback(_forget)
    raise TookTooLong


def _forget(task: asyncio.Task[Any]) -> None:
    """Look at how a task ended, so that asyncio does not complain that nobody did."""
    if not task.cancelled():
        task.exception()
