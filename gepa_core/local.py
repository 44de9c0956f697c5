"""Rollouts in this process, which is where they run unless an executor is chosen."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gepa_core.protocols import Adapter, Session, System
from gepa_core.stray import is_for_the_run, ordinary
from gepa_core.types import Rollout
from gepa_core.workers import Workers


@attrs.define(eq=False)
class LocalSession:
    """Runs the app on the event loop if it is async, else on a worker thread.

    Attributes:
        workers: the threads, which end with the session.
    """

    workers: Workers = attrs.field(factory=Workers)
    _caller: tuple[System, Caller] | None = attrs.field(default=None, init=False)
    """For the system that was run last: there is only one in a run."""

    async def open(self) -> None:
        """Nothing has to be made ready."""

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """What the app's system returns, or what the app raised if that does not catch it."""
        if self._caller is None or self._caller[0] is not system:
            self._caller = system, Caller(self.workers, system.run)
        rollout: Rollout = await self._caller[1].call(texts, inputs)
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


@attrs.frozen(eq=False)
class Caller:
    """Calls a function of the user's: on the event loop if it is async, else on a worker thread."""

    workers: Workers
    function: Callable[..., Any]
    _is_async: bool = attrs.field(init=False)

    @_is_async.default
    def _look(self) -> bool:
        is_async = inspect.iscoroutinefunction
        return is_async(self.function) or is_async(type(self.function).__call__)

    async def call(self, *arguments: Any) -> Any:
        """What the function returns.

        What would end the event loop or this task is an error like any other.
        """
        task = asyncio.current_task()
        try:
            if self._is_async:
                return await self.function(*arguments)
            result = await self.workers.run(self.function, *arguments)
            return await result if inspect.isawaitable(result) else result
        except Exception:
            raise
        except BaseException as error:
            if is_for_the_run(error, task):
                raise
            raise ordinary(error) from error
