"""Rollouts in this process, which is where they run unless an executor is chosen."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gepa_core.protocols import Adapter, Session, System
from gepa_core.types import Rollout
from gepa_core.workers import Workers


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

    def session(self, system: System, *, adapter: Adapter | None, concurrency: int) -> Session:  # noqa: ARG002
        """A session with threads of its own."""
        return LocalSession()


async def call(workers: Workers, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the user's code. What would end the event loop or this task is an error like any other."""
    try:
        return await _called(workers, function, *arguments)
    except SystemExit as error:
        raise RuntimeError(f"sys.exit({error.code!r}) was called") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise  # by a timeout or by the caller of the run
        raise RuntimeError("it was cancelled from inside") from error


async def _called(workers: Workers, function: Callable[..., Any], *arguments: Any) -> Any:
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return await function(*arguments)
    result = await workers.run(functools.partial(function, *arguments))
    return await result if inspect.isawaitable(result) else result
