"""What runs on the cluster: a process with the app in it."""

from __future__ import annotations

import functools
import inspect
import socket
import uuid

import attrs

from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.faults import describe
from gepa_core.local import LocalSession
from gepa_core.pacing import DistantCalls, Leave, Word
from gepa_core.protocols import System
from gepa_core.types import Rollout
from gepa_ray.asking import News, Outbox
from gepa_ray.crossing import pack_answer, unpack_question
from gepa_ray.shipping import unpacked


@attrs.frozen(kw_only=True)
class Opened:
    """A worker that has the app, or cannot have it.

    Attributes:
        process: differs between any two processes, so that one that was started anew can be told.
        is_async: whether the app runs on the event loop, where it can be cancelled.
        problem: why the app cannot be made there; empty when it could.
    """

    process: str
    is_async: bool = False
    problem: str = ""


@attrs.frozen
class Answer:
    """What became of a rollout.

    Attributes:
        packed: the rollout or the error.
        words: what it said of its calls that may not have been heard.
    """

    packed: bytes
    words: list[Word] = attrs.field(factory=list)


class Worker:
    """An async actor. Raises nothing: whatever goes wrong in the app is part of an answer."""

    def __init__(self) -> None:
        self._process = uuid.uuid4().hex
        self._session = LocalSession()
        self._system: System | None = None
        self._outbox: Outbox | None = None
        self._calls: dict[int, DistantCalls] = {}

    async def open(self, sent: bytes) -> Opened:
        """Make the app. Called again it does nothing."""
        self._outbox = self._outbox or Outbox()
        try:
            self._system = self._system or unpacked(sent)
        except (Exception, SystemExit) as error:
            said = str(error) if isinstance(error, ConfigurationError) else describe(error)
            return Opened(process=self._process, problem=f"a worker on {socket.gethostname()!r}: {said}")
        return Opened(process=self._process, is_async=inspect.iscoroutinefunction(self._system.run))

    async def run(self, number: int, question: bytes) -> Answer | None:
        """Run the app as this process would have run it at home.

        Args:
            number: the rollout's own.

        Returns:
            None from a process that was started anew and has no app yet.
        """
        if self._system is None or self._outbox is None:
            return None
        calls = self._calls[number] = DistantCalls(functools.partial(self._outbox.put, number))
        try:
            with calls.active():
                packed = await self._packed(self._system, question)
        finally:
            del self._calls[number]
        return Answer(packed, self._outbox.rest(number))

    async def news(self) -> News:
        """What rollouts have to say of their calls, as soon as they do. Asked for again when it was heard."""
        if self._outbox is None:
            raise AssertionError("the worker is not open")
        return await self._outbox.take()

    async def is_there(self) -> bool:
        """Answers as long as no app blocks the event loop."""
        return True

    async def hear(self, number: int, leave: Leave) -> None:
        """A rollout's call may begin, or may not."""
        calls = self._calls.get(number)
        if calls is not None:
            calls.hear(leave)

    async def _packed(self, system: System, question: bytes) -> bytes:
        try:
            texts, inputs = unpack_question(question)
            return pack_answer(await self._session.run(system, texts, inputs))
        except GepaError as error:
            return pack_answer(error)
        except Exception as error:
            return pack_answer(Rollout(error=error))
