"""What runs on the cluster: a process with the app in it."""

from __future__ import annotations

import inspect
import socket
import uuid

import attrs

from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.faults import describe
from gepa_core.local import LocalSession
from gepa_core.protocols import System
from gepa_core.types import Rollout
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


class Worker:
    """An async actor. Raises nothing: whatever goes wrong in the app is part of an answer."""

    def __init__(self) -> None:
        self._process = uuid.uuid4().hex
        self._session = LocalSession()
        self._system: System | None = None

    async def open(self, sent: bytes) -> Opened:
        """Make the app. Called again it does nothing."""
        try:
            self._system = self._system or unpacked(sent)
        except (Exception, SystemExit) as error:
            said = str(error) if isinstance(error, ConfigurationError) else describe(error)
            return Opened(process=self._process, problem=f"a worker on {socket.gethostname()!r}: {said}")
        return Opened(process=self._process, is_async=inspect.iscoroutinefunction(self._system.run))

    async def run(self, question: bytes) -> bytes | None:
        """Run the app as this process would have run it at home.

        Returns:
            The packed rollout or error; None from a process that was started anew and has no app yet.
        """
        if self._system is None:
            return None
        try:
            texts, inputs = unpack_question(question)
            return pack_answer(await self._session.run(self._system, texts, inputs))
        except GepaError as error:
            return pack_answer(error)
        except Exception as error:
            return pack_answer(Rollout(error=error))
