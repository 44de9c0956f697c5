"""What the tests of executors are given."""

from __future__ import annotations

import asyncio
import tempfile
from abc import abstractmethod
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs

from gepa_core import background
from gepa_core.defaults.running import RunSystem
from gepa_core.executors import opened
from gepa_core.protocols import Executor, Session, System
from gepa_core.testing import obedient
from gepa_core.testing.suites.base import Suite
from gepa_core.types import Candidate, Example, Rollout

T = TypeVar("T")

TEXTS = {"plan": "Rules for planning: “r1” {x}", "act": "Rules for {number}: s1"}


@attrs.frozen(kw_only=True)
class There:
    """A session at work, and the app that it was made for."""

    session: Session
    system: System

    async def run(self, inputs: Any, texts: Mapping[str, str] = TEXTS) -> Rollout:
        """A rollout, as the built-in plugin of a run makes it."""
        example = Example(inputs=inputs, id="one")
        running = RunSystem(session=self.session)
        return await running.gepa_capture_trajectory(self.system, Candidate(texts=texts), example)


class ExecutorCase(Suite):
    """What to supply, and what can be said about it.

    Attributes:
        is_isolated: whether rollouts run in other processes than the one of the run, which may end.
        concurrency: rollouts at once that sessions are asked for, of an executor that has room for them.
        patience: seconds after which a test gives up on what does not come. It decides nothing else.
    """

    is_isolated: bool = False
    concurrency: int = 2
    patience: float = 120.0

    @abstractmethod
    def executor(self, app: str) -> Executor:
        """A new executor with room for twice `concurrency`, whose workers share this machine's files.

        Args:
            app: an import path of the app that it will run, ``"module:attribute"``, for an executor whose
                workers import it.
        """

    # helpers of the tests -------------------------------------------------------

    @property
    def async_app(self) -> tuple[str, System]:
        """An async app, with its import path."""
        return f"{obedient.__name__}:async_app", obedient.async_app

    @property
    def sync_app(self) -> tuple[str, System]:
        """The same for threads."""
        return f"{obedient.__name__}:sync_app", obedient.sync_app

    def awaited(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` returns on the loop that runs use."""
        return background.run(asyncio.wait_for(work, self.patience), lambda: None)

    @asynccontextmanager
    async def there(self, path: str, system: System) -> AsyncIterator[There]:
        """A session of a new executor."""
        async with self.session_of(self.executor(path), system) as there:
            yield there

    @asynccontextmanager
    async def session_of(self, executor: Executor, system: System) -> AsyncIterator[There]:
        """A session of ``executor``, open; closed in the end."""
        made = executor.session(system, system=system, adapter=None, concurrency=self.concurrency)
        async with opened(made) as session:
            yield There(session=session, system=system)


@attrs.frozen
class Meeting:
    """A place by whose files the test and the app's rollouts tell each other how far they are."""

    place: Path

    def order(self, name: str, do: str = "wait") -> dict[str, str]:
        """Inputs with which the app says that it has begun, and waits."""
        return {"do": do, "begun": str(self.place / name), "go": str(self.place / "go")}

    async def begin(self, there: There, number: int, do: str = "wait") -> list[asyncio.Task[Rollout]]:
        """Begin rollouts, and wait until all of them are under way at once.

        Raises:
            Exception: what one of them met instead.
        """
        names = [f"rollout-{place}" for place in range(number)]
        rollouts = [asyncio.create_task(there.run(self.order(name, do))) for name in names]
        while not all((self.place / name).exists() for name in names):
            for rollout in rollouts:
                assert not rollout.done() or rollout.result().error is None, rollout.result().error
            await asyncio.sleep(0.01)
        return rollouts

    def go(self) -> None:
        """Let all of them end."""
        (self.place / "go").touch()


@contextmanager
def meeting() -> Iterator[Meeting]:
    """A meeting, at whose end every rollout that still waits is let go."""
    with tempfile.TemporaryDirectory(prefix="gepa-executor-", ignore_cleanup_errors=True) as directory:
        made = Meeting(Path(directory))
        try:
            yield made
        finally:
            made.go()
