"""How an adapter asks before each call of a model, without knowing of limits or runs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import attrs

from gepa_core.faults import classify
from gepa_core.gate import Gate
from gepa_core.pacing.pace import Pace, Stopped
from gepa_core.pacing.window import Booking
from gepa_core.types import Usage

_current: ContextVar[Calls] = ContextVar("gepa_calls")


class Call:
    """A call of a model that may be made now. Of `end` and `fail` only the first one counts."""

    def end(self, usage: Usage) -> None:
        """It was answered."""

    def fail(self, error: BaseException) -> None:
        """It failed. Where the provider asks to wait, no other call of the model begins meanwhile."""


class Calls:
    """The calls of models that one rollout makes; these wait for nothing, as outside of a run."""

    def begin(self, model: str) -> Call:  # noqa: ARG002
        """Wait on this thread until ``model`` may be called.

        Args:
            model: its name, the same as that of the call's step.

        Raises:
            GepaError: the run ended meanwhile. Let it pass.
        """
        return Call()

    async def abegin(self, model: str) -> Call:
        """`begin` for code on an event loop."""
        return self.begin(model)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While this is held, the rollout waits for a turn: that time is no part of what it may take."""
        yield

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let `current_calls` find these inside of the block, and in tasks that are begun in it."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_NONE = Calls()


def current_calls() -> Calls:
    """The calls of the rollout that `System.run` was called for.

    Ask for it at the beginning of `System.run`, and keep it with the rollout's recorder: threads that an
    app starts by itself would not find it.
    """
    return _current.get(_NONE)


@attrs.define(eq=False)
class PacedCalls(Calls):
    """Those of a rollout of a run.

    Attributes:
        asked: whether a model's provider asked for a wait, and that was passed on.
        stopped: whether the run ended while a call waited. What the app makes of that is worth nothing.
    """

    pace: Pace
    gate: Gate
    asked: bool = False
    stopped: bool = False
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _waiting: int = attrs.field(default=0, init=False)
    _since: float = attrs.field(default=0.0, init=False)
    _waited: float = attrs.field(default=0.0, init=False)

    @property
    def waited(self) -> float:
        """Seconds for which at least one call waited; no fault of the app."""
        with self._lock:
            return self._waited + (time.monotonic() - self._since if self._waiting else 0.0)

    def begin(self, model: str) -> Call:
        booked = self.pace.book(model, self.gate)
        with self.waiting():
            bookings = booked.result()
        return self._begun(model, bookings)

    async def abegin(self, model: str) -> Call:
        booked = self.pace.book(model, self.gate)
        with self.waiting():
            bookings = booked.result() if booked.done() else await asyncio.wrap_future(booked)
        return self._begun(model, bookings)

    def _begun(self, model: str, bookings: list[Booking]) -> Call:
        self.pace.begin(model, bookings)
        return _PacedCall(self, model, bookings)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        with self._lock:
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting += 1
        try:
            yield
        except Stopped:
            self.stopped = True
            raise
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._waited += time.monotonic() - self._since


@attrs.define(eq=False)
class _PacedCall(Call):
    calls: PacedCalls
    model: str
    bookings: list[Booking] | None

    def end(self, usage: Usage) -> None:
        self._settle(usage)

    def fail(self, error: BaseException) -> None:
        if self._settle(None) and self.calls.pace.hold(self.model, classify(error)):
            self.calls.asked = True

    def _settle(self, usage: Usage | None) -> bool:
        bookings, self.bookings = self.bookings, None
        if bookings is None:
            return False
        self.calls.pace.settle(self.model, bookings, usage)
        return True
