"""Asking across processes: the app calls its models there, and the run, which knows the limits, is here.

An `Executor` carries `Word`s from `DistantCalls`, where the app runs, to `CallDesk`, where `Session.run`
was called, and a `Leave` back. All are plain values that survive `pickle`. Words of a rollout have to come
in their order; words that nobody hears are forgotten with the rollout.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeAlias

import attrs

from gepa_core.errors import GepaError
from gepa_core.faults import portable
from gepa_core.pacing.calls import Call, Calls
from gepa_core.pacing.pace import Stopped
from gepa_core.stray import ordinary
from gepa_core.types import Usage


@attrs.frozen
class Asked:
    """A call is to begin. ``ticket`` is its number among the calls of its rollout."""

    ticket: int
    model: str


@attrs.frozen
class Answered:
    """A call was answered."""

    ticket: int
    usage: Usage


@attrs.frozen
class Failed:
    """A call failed, or its wait for leave was given up. ``error`` is a portable one."""

    ticket: int
    error: Exception


Word: TypeAlias = Asked | Answered | Failed


@attrs.frozen
class Leave:
    """A call may begin; or it may not, and ``refusal`` says why."""

    ticket: int
    refusal: str = ""


@attrs.define(eq=False)
class DistantCalls(Calls):
    """The calls of one rollout, where its app runs. Let `current_calls` find them with `active`.

    Attributes:
        send: carries a word to the rollout's `CallDesk`, from whatever thread, and waits for nothing.
    """

    send: Callable[[Word], None]
    _tickets: Iterator[int] = attrs.field(factory=itertools.count, init=False)
    _asked: dict[int, Future[None]] = attrs.field(factory=dict, init=False)

    def begin(self, model: str) -> Call:
        """Wait on this thread until the run lets the call begin."""
        ticket, leave = self._ask(model)
        leave.result()
        return _DistantCall(self, ticket)

    async def abegin(self, model: str) -> Call:
        """`begin` on an event loop. A wait that is cancelled is given up there too."""
        ticket, leave = self._ask(model)
        try:
            await asyncio.wrap_future(leave)
        except asyncio.CancelledError as error:
            self.send(Failed(ticket, portable(ordinary(error))))
            raise
        return _DistantCall(self, ticket)

    def hear(self, leave: Leave) -> None:
        """What the desk said arrived. From any thread."""
        asked = self._asked.pop(leave.ticket, None)
        if asked is None or not asked.set_running_or_notify_cancel():
            return
        if leave.refusal:
            asked.set_exception(Stopped(leave.refusal))
        else:
            asked.set_result(None)

    def _ask(self, model: str) -> tuple[int, Future[None]]:
        ticket = next(self._tickets)
        leave = self._asked[ticket] = Future()
        self.send(Asked(ticket, model))
        return ticket, leave


@attrs.define(eq=False)
class _DistantCall(Call):
    calls: DistantCalls
    ticket: int
    _is_over: bool = False

    def end(self, usage: Usage) -> None:
        self._tell(Answered(self.ticket, usage))

    def fail(self, error: BaseException) -> None:
        self._tell(Failed(self.ticket, portable(ordinary(error))))

    def _tell(self, word: Word) -> None:
        if not self._is_over:
            self._is_over = True
            self.calls.send(word)


@attrs.define(eq=False)
class CallDesk:
    """Asks the run for what a rollout elsewhere asks. Used on the event loop of `Session.run`.

    Time that a call waits for leave is taken out of the rollout's, as for an app that runs here. A word that
    is heard twice counts once.

    Attributes:
        calls: what `current_calls` returned in `Session.run`.
        reply: carries a leave to the rollout's `DistantCalls`, and waits for nothing.
    """

    calls: Calls
    reply: Callable[[Leave], None]
    _begun: dict[int, Call] = attrs.field(factory=dict, init=False)
    _waiting: dict[int, asyncio.Task[None]] = attrs.field(factory=dict, init=False)

    def hear(self, word: Word) -> None:
        """A word arrived."""
        if isinstance(word, Asked):
            self._waiting[word.ticket] = asyncio.create_task(self._admit(word))
            return
        waiting, call = self._waiting.pop(word.ticket, None), self._begun.pop(word.ticket, None)
        if waiting is not None:
            waiting.cancel()
        elif isinstance(word, Answered) and call is not None:
            call.end(word.usage)
        elif isinstance(word, Failed) and call is not None:
            call.fail(word.error)

    def close(self) -> None:
        """The rollout is over: nobody waits any more. Calls whose end was not heard keep counting."""
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()

    async def _admit(self, word: Asked) -> None:
        try:
            self._begun[word.ticket] = await self.calls.abegin(word.model)
        except GepaError as error:
            leave = Leave(word.ticket, str(error) or "the run is over")
        else:
            leave = Leave(word.ticket)
        self._waiting.pop(word.ticket, None)
        self.reply(leave)
