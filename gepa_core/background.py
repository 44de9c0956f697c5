"""One event loop per process for sync callers.

Async clients belong to the loop that first used them: a shared client used from several `asyncio.run`
calls fails in the second. So every `optimize` runs on the same loop, on a thread of its own, which also
makes it work inside of a notebook's running loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from gepa_core.errors import ConfigurationError

T = TypeVar("T")


_lock = threading.Lock()


@functools.cache
def _loop_of(_process: int) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=_serve, args=(loop,), daemon=True, name="gepa-loop").start()
    return loop


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:  # a forked process has no thread for its parent's loop
        return _loop_of(os.getpid())


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run ``loop`` for good: a task that raises SystemExit ends itself and not everybody's loop."""
    while True:
        with contextlib.suppress(SystemExit, KeyboardInterrupt):
            loop.run_forever()


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run(work: Coroutine[Any, Any, T], on_interrupt: Callable[[], None]) -> T:
    """Run ``work`` on the loop and wait for it.

    Args:
        on_interrupt: called on the loop at the first KeyboardInterrupt, to let ``work`` end by itself.

    Raises:
        ConfigurationError: this is called on the loop itself, which would wait for itself for good.
        KeyboardInterrupt: when ``work`` has ended after the first one, or at once at the second.
    """
    loop = _loop()
    if _running() is loop:
        work.close()
        raise ConfigurationError(
            "optimize was called by async code that another optimize runs, so both would wait for each other:"
            " await gepa_core.aoptimize(…) there"
        )
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(on_interrupt)
        _wait_after_interrupt(future)
        raise


def _wait_after_interrupt(future: Future[Any]) -> None:
    try:
        future.exception()
    except KeyboardInterrupt:
        future.cancel()
        raise
