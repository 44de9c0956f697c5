"""Threads for whatever is not async.

Unlike those of `concurrent.futures`, the threads are daemons and are not counted: one that hangs is
abandoned, costs no place, and keeps no process alive. The limit of concurrency is kept elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeAlias, TypeVar

from gepa_core.stray import ordinary

P = ParamSpec("P")
R = TypeVar("R")
_Job: TypeAlias = Callable[[], None]


class Workers:
    """Runs functions on threads that are kept for the next one."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[_Job | None]] = []

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call ``function`` on a thread, in a copy of the caller's context, and wait for it.

        When the waiting task is cancelled the thread is left to itself; what it returns is forgotten.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        context = contextvars.copy_context()

        def job() -> None:
            try:
                outcome: tuple[R | None, BaseException | None] = context.run(function, *args, **kwargs), None
            except BaseException as error:  # handed to the waiting task
                outcome = None, ordinary(error)
            self._idle.append(queue)  # first, so that whoever waits finds this thread free
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, done, *outcome)

        queue = self._idle.pop() if self._idle else self._start()
        queue.put(job)
        return await done

    def close(self) -> None:
        """Let idle threads end. Busy ones end with their process."""
        while self._idle:
            self._idle.pop().put(None)

    def _start(self) -> SimpleQueue[_Job | None]:
        queue: SimpleQueue[_Job | None] = SimpleQueue()
        process = os.getpid()

        def work() -> None:
            # In a process that a job forked this is the only thread, and nobody gives it another job.
            while os.getpid() == process and (job := queue.get()) is not None:
                job()

        threading.Thread(target=work, daemon=True, name="gepa-worker").start()
        return queue


def _settle(done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if isinstance(error, StopIteration):  # a future refuses it
        error = RuntimeError(f"StopIteration: {error}")
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
