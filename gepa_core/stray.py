"""What code of others raises that is no `Exception`, and whether it is meant for the run.

Such errors end event loops, pass for a cancellation of whoever waits, or go past everybody who would have
gone on. Not only `sys.exit` raises them: so do panics of libraries that are written in Rust, `pytest.fail`,
and cancellations of a task of the app's own.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from gepa_core.data import shown
from gepa_core.faults import describe


def ordinary(error: BaseException) -> Exception:
    """``error``, or what is raised instead of one that is no `Exception`."""
    if isinstance(error, Exception):
        return error
    instead = RuntimeError(_said(error))
    instead.__cause__ = error
    return instead


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"sys.exit({shown(error.code)}) was called"
    if isinstance(error, asyncio.CancelledError):
        return "it was cancelled from inside"
    return f"it raised {describe(error)}"


def is_for_the_run(error: BaseException, task: asyncio.Task[Any] | None) -> bool:
    """Whether what awaited code raised came from outside of it: from a timeout, or the caller of the run.

    Args:
        task: the one that made the call.
    """
    if isinstance(error, GeneratorExit):  # closes a coroutine that no task awaits any more
        return running_task() is not task
    if isinstance(error, asyncio.CancelledError):
        return task is None or task.cancelling() > 0
    return is_from_the_keyboard(error)


def is_from_the_keyboard(error: BaseException) -> bool:
    """Whether ``error`` is a Ctrl-C, which reaches the main thread alone."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def running_task() -> asyncio.Task[Any] | None:
    """The task that runs now, if any does."""
    try:
        return asyncio.current_task()
    except RuntimeError:  # there is no loop any more
        return None
