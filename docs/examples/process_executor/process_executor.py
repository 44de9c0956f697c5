"""An executor for gepa-core: rollouts in processes of this machine, for apps that keep a core busy."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import pickle
import queue
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import attrs

from gepa_core.adapters import wrap
from gepa_core.errors import ConfigurationError, GepaError, InfrastructureFault
from gepa_core.faults import portable
from gepa_core.local import LocalSession
from gepa_core.pacing import CallDesk, DistantCalls, Leave, Word, current_calls
from gepa_core.protocols import Adapter, Session, System
from gepa_core.types import Rollout


@attrs.frozen
class ProcessExecutor:
    """As many processes as rollouts at once. The app and its inputs have to survive `pickle`."""

    def session(self, target: Any, *, system: System, adapter: Adapter | None, concurrency: int) -> Session:
        """The processes of one run."""
        del system  # each process wraps the app itself
        return ProcessSession(target=target, adapter=adapter, concurrency=concurrency)


@attrs.define(eq=False, kw_only=True)
class ProcessSession:
    """Hands each rollout to a process that has nothing to do, and replaces processes that are lost."""

    target: Any
    adapter: Adapter | None
    concurrency: int
    _app: bytes = b""
    _processes: set[Process] = attrs.field(factory=set, init=False)
    _idle: asyncio.Queue[Process] = attrs.field(factory=asyncio.Queue, init=False)

    async def open(self) -> None:
        """Start the processes, and wait until all have the app."""
        self._app = _packed((self.target, self.adapter), "the app")
        for _ in range(self.concurrency):
            self._start()
        for process in tuple(self._processes):
            await process.is_ready

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """The rollout, made elsewhere."""
        del system
        question = _packed((dict(texts), inputs), "an input")
        with current_calls().waiting():  # this is not the app's time
            process = await self._idle.get()
        answer = None
        try:
            answer = await process.ask(question)
        finally:
            if answer is None:  # it is gone, or busy with what nobody waits for any more
                self._processes.discard(process)
                process.end()
                self._start()
            else:
                self._idle.put_nowait(process)
        if isinstance(answer, GepaError):
            raise answer
        return answer

    async def close(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.end()

    def _start(self) -> None:
        process = Process(self._app)
        self._processes.add(process)
        self._idle.put_nowait(process)


class Process:
    """A process with the app in it, as the run sees it."""

    def __init__(self, app: bytes) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, there = context.Pipe()
        self._process = context.Process(target=work, args=(there, app), daemon=True)
        self._process.start()
        there.close()
        self._said: asyncio.Queue[Any] = asyncio.Queue()  # what it says; None when it is gone
        self.is_ready = asyncio.ensure_future(self._begin())
        listening = threading.Thread(target=self._listen, args=(asyncio.get_running_loop(),), daemon=True)
        listening.start()

    async def ask(self, question: bytes) -> Rollout | GepaError:
        """What the app returned. What it asks meanwhile of models goes to the run."""
        await self.is_ready
        desk = CallDesk(current_calls(), self._send)
        try:
            self._line.send(question)
            while isinstance(said := await self._said.get(), Word):
                desk.hear(said)
        except OSError:
            said = None
        finally:
            desk.close()
        if said is None:
            raise InfrastructureFault("a process was lost")
        answer: Rollout | GepaError = said
        return answer

    def end(self) -> None:
        """Whatever it does."""
        self.is_ready.cancel()
        self._process.kill()

    async def _begin(self) -> None:
        problem = await self._said.get()
        if problem is None:
            raise InfrastructureFault("a process was lost before it had the app")
        if problem:
            raise ConfigurationError(f"the app cannot be made in another process: {problem}")

    def _send(self, leave: Leave) -> None:
        with contextlib.suppress(OSError):  # it is gone, which the one who asked is told of
            self._line.send(leave)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        said: Any = ""
        while said is not None:
            try:
                said = self._line.recv()
            except (EOFError, OSError):
                said = None
            except Exception as error:
                said = ConfigurationError(f"what the app returned cannot be read here: {error}")
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(self._said.put_nowait, said)
        self._process.join()


def _packed(value: Any, what: str) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception as error:
        raise ConfigurationError(f"{what} cannot be sent to another process: {error}") from error


def work(line: Connection, app: bytes) -> None:
    """All that happens in a process: make the app, then answer one question after the other."""
    worker = _Worker(line)
    try:
        target, adapter = pickle.loads(app)
        system = wrap(target, adapter)
    except Exception as error:
        worker.say(f"{type(error).__name__}: {error}")
        return
    worker.say("")
    threading.Thread(target=worker.listen, daemon=True).start()
    session = LocalSession()
    with asyncio.Runner() as runner:
        while (question := worker.questions.get()) is not None:
            runner.run(worker.answer(session, system, question))


class _Worker:
    def __init__(self, line: Connection) -> None:
        self.line, self.lock = line, threading.Lock()
        self.calls = DistantCalls(self.say)
        self.questions: queue.Queue[bytes | None] = queue.Queue()

    def say(self, what: Any) -> None:
        packed = pickle.dumps(what)
        with self.lock:
            self.line.send_bytes(packed)

    def listen(self) -> None:
        """Leaves go to the rollout that waits for them; all else is a question. Ends with the run."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                heard = self.line.recv()
                if isinstance(heard, Leave):
                    self.calls.hear(heard)
                else:
                    self.calls = DistantCalls(self.say)
                    self.questions.put(heard)
        self.questions.put(None)

    async def answer(self, session: Session, system: System, question: bytes) -> None:
        try:
            texts, inputs = pickle.loads(question)
            with self.calls.active():
                rollout = await session.run(system, texts, inputs)
            error = rollout.error
        except GepaError as own:
            self.say(own)
            return
        except Exception as raised:
            rollout, error = Rollout(), raised
        try:
            self.say(attrs.evolve(rollout, error=portable(error) if error else None))
        except Exception as problem:
            self.say(ConfigurationError(f"what the app returned cannot be sent: {problem}"))
