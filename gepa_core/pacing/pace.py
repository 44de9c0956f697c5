"""When calls of models may begin: one queue for each model, for threads and event loops alike.

No rate limiter of a library does this: tokens are known after the call, waits end when a run is
halted or a provider asks for more, and the same limit holds for threads and for tasks of any loop.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import attrs

from gepa_core.errors import InfrastructureFault
from gepa_core.events import HeldBack, LimitReached
from gepa_core.faults import Fault
from gepa_core.gate import Gate
from gepa_core.pacing.limits import RateLimit, is_for
from gepa_core.pacing.window import Booking, Window
from gepa_core.types import Usage

ROLLOUTS = ""
"""In place of a model's name: all rollouts, where it is not known which model asked for a wait."""

_WORTH_TELLING = 1.0
"""Seconds by which a wait has to be longer than the one that was told of last."""


class Stopped(InfrastructureFault):
    """The run ended while a call waited; no fault of the candidate."""


@attrs.define(eq=False)
class _Ticket:
    """Somebody who waits, and the gate that ends the wait."""

    future: Future[list[Booking]]
    gate: Gate


@attrs.define(eq=False)
class _Line:
    """Who waits to call one model, and what for."""

    model: str
    windows: list[Window]
    held_until: float = float("-inf")
    told_until: float = float("-inf")
    waiting: deque[_Ticket] = attrs.field(factory=deque)

    def wait(self, now: float) -> float:
        return max([self.held_until - now, 0.0, *(window.wait(now) for window in self.windows)])

    def book(self, now: float) -> list[Booking]:
        return [window.book(now) for window in self.windows]


def _say_nothing(_event: HeldBack | LimitReached) -> None:
    return None


class Pace:
    """How fast the models of one run are called. Used from any thread.

    Calls of a model begin in the order in which they were asked for.

    Args:
        limits: by the name of a model or a glob. All that match a model hold for it; the models that one
            matches share it.
        longest: the most seconds for which a provider's word holds back everyone.
        tell: told of each hold, and of each limit when calls first wait for it, on whatever thread that is
            noticed. It may not ask for calls itself.
    """

    def __init__(
        self,
        limits: Mapping[str, RateLimit] | None = None,
        *,
        longest: float = 60.0,
        tell: Callable[[HeldBack | LimitReached], None] = _say_nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._windows = {pattern: Window(limit) for pattern, limit in (limits or {}).items()}
        self._untold = dict(self._windows)
        self._longest, self._tell, self._clock = longest, tell, clock
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._timer: threading.Thread | None = None

    def book(self, model: str, gate: Gate) -> Future[list[Booking]]:
        """A call of ``model`` is to begin; the result comes when it may.

        It ends with `Stopped` if the gate is halted before.
        """
        future: Future[list[Booking]] = Future()
        with self._lock:
            line = self._line(model)
            now = self._clock()
            if gate.halted:
                future.set_exception(_stopped(gate))
            elif not line.waiting and line.wait(now) <= 0:
                future.set_result(line.book(now))
            else:
                line.waiting.append(_Ticket(future, gate))
                self._wake()
        return future

    def begin(self, model: str, bookings: list[Booking]) -> None:
        """A call that was booked begins now."""
        with self._lock:
            now = self._clock()
            for window, booking in zip(self._line(model).windows, bookings, strict=True):
                window.begin(booking, now)

    def settle(self, model: str, bookings: list[Booking], usage: Usage | None) -> None:
        """A call ended. ``usage`` is None when it failed."""
        tokens = 0 if usage is None else None if usage.unmetered else usage.tokens
        with self._lock:
            line = self._line(model)
            for window, booking in zip(line.windows, bookings, strict=True):
                window.settle(booking, tokens, answered=usage is not None)
            self._changed.notify()

    def hold(self, model: str, fault: Fault) -> bool:
        """Let no call of ``model`` begin for as long as its provider asks, if it does; whether it does."""
        if fault.kind != "infrastructure" or not fault.retry_after:
            return False
        seconds = min(fault.retry_after, self._longest)
        with self._lock:
            line = self._line(model)
            until = self._clock() + seconds
            line.held_until = max(line.held_until, until)
            is_new = until - line.told_until >= min(_WORTH_TELLING, seconds / 2)
            if is_new:
                line.told_until = until
        if is_new:
            self._tell(HeldBack(model=model, seconds=seconds, error=fault.message))
        return True

    def held(self, model: str) -> float:
        """Seconds for which no call of ``model`` begins because its provider asked for it; 0 for none."""
        with self._lock:
            line = self._lines.get(model)
            return 0.0 if line is None else max(0.0, line.held_until - self._clock())

    async def released(self, model: str, gate: Gate) -> None:
        """Wait while ``model`` is held back, but no longer than until ``gate`` is halted."""
        while (left := self.held(model)) > 0 and not gate.halted:
            await gate.pause(left)

    def stop(self, gate: Gate) -> None:
        """End all waits of calls that stand behind ``gate``, which is halted."""
        with self._lock:
            for line in self._lines.values():
                stopped = [ticket for ticket in line.waiting if ticket.gate is gate]
                line.waiting = deque(ticket for ticket in line.waiting if ticket.gate is not gate)
                for ticket in stopped:
                    if ticket.future.set_running_or_notify_cancel():
                        ticket.future.set_exception(_stopped(gate))
            self._changed.notify()

    def problems(self) -> list[str]:
        """What the user should know of the limits when the run is over, as sentences."""
        with self._lock:
            names = ", ".join(repr(name) for name in sorted(self._lines) if name) or "none that was seen"
            unused = [name for name, window in self._windows.items() if not window.is_used]
            unknown = [
                name
                for name, window in self._windows.items()
                if window.is_unmetered and window.limit.tokens is not None
            ]
        return [
            *(f"the limit for {name!r} held for no call; models called: {names}" for name in unused),
            *(f"calls of {name!r} do not report their tokens, so that limit is not kept" for name in unknown),
        ]

    def _line(self, model: str) -> _Line:
        line = self._lines.get(model)
        if line is None:
            windows = [one for pattern, one in self._windows.items() if model and is_for(pattern, model)]
            line = self._lines[model] = _Line(model, windows)
        return line

    def _wake(self) -> None:
        """Have somebody watch the time as long as there is a wait."""
        if self._timer is None:
            self._timer = threading.Thread(target=self._watch, name="gepa-pace", daemon=True)
            self._timer.start()
        self._changed.notify()

    def _watch(self) -> None:
        with self._lock:
            while (wait := self._admit()) is not None:
                self._changed.wait(wait)
            self._timer = None

    def _admit(self) -> float | None:
        """Let begin what may; seconds until more may, None when nobody waits."""
        now, waits = self._clock(), []
        for line in self._lines.values():
            while line.waiting:
                wait = line.wait(now)
                if wait > 0:
                    waits.append(wait)
                    self._tell_of_limits(line, now)
                    break
                ticket = line.waiting.popleft()
                if ticket.future.set_running_or_notify_cancel():
                    ticket.future.set_result(line.book(now))
        return min(waits, default=None)

    def _tell_of_limits(self, line: _Line, now: float) -> None:
        """Say once of each limit that calls wait for it."""
        for name, window in list(self._untold.items()):
            if any(window is one for one in line.windows) and not window.is_guessing and window.wait(now) > 0:
                del self._untold[name]
                self._tell(LimitReached(model=line.model, limit=name))


def _stopped(gate: Gate) -> Stopped:
    return Stopped(f"a call was waiting for its turn when the run ended: {gate.halted}")
