"""Waiting for the user's code, and leaving behind what does not come back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_TO_CLEAN_UP = 1.0
"""Seconds that a task is given to end after it was cancelled, so that it can close what it opened."""


class TookTooLong(Exception):
    """The time was over."""


async def within(seconds: float | None, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, if it has one within ``seconds``; None for no limit.

    Work that is late is cancelled. Code that catches the cancellation and goes on, as a bare ``except:``
    in a loop does, is not waited for: what it returns or raises after that is forgotten.

    Raises:
        TookTooLong: it took longer.
        Exception: what ``work`` raised.
    """
    if seconds is None:
        return await work
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
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
