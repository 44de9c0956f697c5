"""Rollouts in this process, which is where they run unless an executor is chosen."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gepa_core.protocols import Adapter, Session, System
from gepa_core.types import Rollout
from gepa_core.workers import Workers, ordinary


@attrs.define(eq=False)
class LocalSession:
    """Runs the app on the event loop if it is async, else on a worker thread.

    Attributes:
        workers: the threads, which end with the session.
    """

    workers: Workers = attrs.field(factory=Workers)

    async def open(self) -> None:
        """Nothing has to be made ready."""

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """What the app's system returns, or what the app raised if that does not catch it."""
        rollout: Rollout = await call(self.workers, system.run, texts, inputs)
        return rollout

    async def close(self) -> None:
        """Let idle threads end."""
        self.workers.close()


@attrs.frozen
class LocalExecutor:
    """The `Executor` that is used unless another is chosen: rollouts run in this process."""

    def session(
        self,
        target: Any,  # noqa: ARG002
        *,
        system: System,  # noqa: ARG002
        adapter: Adapter | None,  # noqa: ARG002
        concurrency: int,  # noqa: ARG002
    ) -> Session:
        """A session with threads of its own."""
        return LocalSession()


async def call(workers: Workers, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the user's code. What would end the event loop or this task is an error like any other."""
    try:
        return await _called(workers, function, *arguments)
    except (Exception, GeneratorExit):  # the latter closes a coroutine that nobody awaits any more
        raise
    except BaseException as error:
        if _is_for_the_run(error):
            raise
        raise ordinary(error) from error


def _is_for_the_run(error: BaseException) -> bool:
    """Whether a timeout or the caller of the run cancelled this, or the user of a loop in the main thread."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


async def _called(workers: Workers, function: Callable[..., Any], *arguments: Any) -> Any:
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return await function(*arguments)
    result = await workers.run(functools.partial(function, *arguments))
    return await result if inspect.isawaitable(result) else result
