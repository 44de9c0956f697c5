"""An executor that is small enough to be read: each rollout has a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import pickle
import threading
from collections.abc import Mapping
from typing import Any

import attrs

from gepa_core.errors import ConfigurationError, GepaError, InfrastructureFault
from gepa_core.faults import portable
from gepa_core.local import LocalSession
from gepa_core.pacing import CallDesk, DistantCalls, Leave, current_calls
from gepa_core.protocols import Adapter, Session, System
from gepa_core.types import Rollout
from gepa_core.workers import Workers

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["gepa_core.testing.obedient", __name__])


@attrs.define(eq=False)
class ForkedSession:
    """One for each run. Its only worker threads wait for processes."""

    system: System
    threads: Workers = attrs.field(factory=Workers)
    _packed: bytes = b""

    async def open(self) -> None:
        try:
            self._packed = pickle.dumps(self.system)
        except Exception as error:
            raise ConfigurationError(f"the app cannot be sent: {error}") from error

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        del system
        here, there = _FORKS.Pipe()
        process = _FORKS.Process(target=work, args=(there, self._packed, pickle.dumps((texts, inputs))))
        process.start()
        there.close()
        desk = CallDesk(current_calls(), here.send)
        try:
            return await self.answer(here, desk)
        except EOFError as error:
            raise InfrastructureFault("a process was lost") from error
        finally:
            desk.close()
            process.kill()

    async def answer(self, here: Any, desk: CallDesk) -> Rollout:
        while True:
            kind, packed = await self.threads.run(here.recv)
            found = pickle.loads(packed)
            if kind == "rollout":
                return self.returned(found)
            desk.hear(found)

    def returned(self, found: Any) -> Rollout:
        if isinstance(found, GepaError):
            raise found
        rollout: Rollout = found
        return rollout

    async def close(self) -> None:
        self.threads.close()


@attrs.frozen
class Forked:
    """The `Executor`. Mutants have another session."""

    kind: type[ForkedSession] = ForkedSession

    def session(self, target: Any, *, system: System, adapter: Adapter | None, concurrency: int) -> Session:
        del target, adapter, concurrency
        return self.kind(system)


def work(there: Any, packed: bytes, question: bytes) -> None:
    """In the process."""
    calls = DistantCalls(lambda word: there.send(("word", pickle.dumps(word))))
    rollout = asyncio.run(_run(there, calls, pickle.loads(packed), *pickle.loads(question)))
    there.send(("rollout", pickle.dumps(rollout)))


async def _run(there: Any, calls: DistantCalls, system: System, texts: Any, inputs: Any) -> Any:
    threading.Thread(target=_listen, args=(there, calls), daemon=True).start()
    with calls.active():
        try:
            rollout = await LocalSession().run(system, texts, inputs)
        except GepaError as fault:
            return fault
        except Exception as raised:
            rollout = Rollout(error=raised)
    error = rollout.error
    return rollout if error is None else attrs.evolve(rollout, error=portable(error))


def _listen(there: Any, calls: DistantCalls) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            leave: Leave = there.recv()
            calls.hear(leave)
