"""One limit at work: what began in the time that just went by, and when there is room again."""

from __future__ import annotations

from collections import deque
from itertools import islice

import attrs

from gepa_core.pacing.limits import RateLimit

_REMEMBERED = 64
"""Calls whose mean is what the next one is expected to use."""


@attrs.define(eq=False)
class Booking:
    """A call in a window: when it began, or was let begin, and the tokens that it counts with."""

    began: float
    tokens: float
    is_over: bool = False
    """Whether the window has moved on."""


@attrs.define(eq=False)
class Window:
    """The calls that began in the last ``limit.seconds``. Not locked; times are given.

    As the window slides, no stretch of that length ever holds more than the limit, wherever a provider
    lets its own begin. A bucket that refills would allow up to twice as much in the first.
    """

    limit: RateLimit
    is_used: bool = attrs.field(default=False, init=False)
    is_unmetered: bool = attrs.field(default=False, init=False)
    """Whether a call that was answered did not say what it used."""
    _bookings: deque[Booking] = attrs.field(factory=deque, init=False)
    _tokens: float = attrs.field(default=0.0, init=False)
    _used: deque[float] = attrs.field(factory=lambda: deque(maxlen=_REMEMBERED), init=False)

    @property
    def expected(self) -> float:
        """Tokens that the next call will use; all that there are until one has shown it.

        So the first call goes alone, as guesses of what it uses could be wrong by any factor.
        """
        if self._used:
            return sum(self._used) / len(self._used)
        return float(self.limit.tokens or 0)

    @property
    def is_guessing(self) -> bool:
        """Whether calls wait until one has shown how many tokens they use."""
        return self.limit.tokens is not None and not self._used

    def wait(self, now: float) -> float:
        """Seconds until another call may begin; 0 for at once."""
        self._slide(now)
        return max(self._wait_for_requests(now), self._wait_for_tokens(now))

    def book(self, now: float) -> Booking:
        """A call may begin."""
        self.is_used = True
        booking = Booking(now, self.expected)
        self._count(booking)
        return booking

    def begin(self, booking: Booking, now: float) -> None:
        """A call that was booked begins: later than it might, where its thread or loop was busy."""
        booking.began = now
        if booking.is_over:
            booking.is_over = False
            self._count(booking)

    def _count(self, booking: Booking) -> None:
        self._bookings.append(booking)
        self._tokens += booking.tokens

    def settle(self, booking: Booking, tokens: float | None, *, answered: bool) -> None:
        """A call ended.

        Args:
            tokens: what it used; None when it did not say.
            answered: whether it shows what calls use.
        """
        if answered:
            self.is_unmetered |= tokens is None
            self._used.append(tokens or 0.0)
        if not booking.is_over:
            self._tokens += (tokens or 0.0) - booking.tokens
            booking.tokens = tokens or 0.0

    def _slide(self, now: float) -> None:
        while self._bookings and self._bookings[0].began + self.limit.seconds <= now:
            booking = self._bookings.popleft()
            booking.is_over = True
            self._tokens -= booking.tokens
        if not self._bookings:
            self._tokens = 0.0  # sums of floats drift

    def _wait_for_requests(self, now: float) -> float:
        most = self.limit.requests
        if most is None or len(self._bookings) < most:
            return 0.0
        # They stand in the order in which they were booked, and may have begun in another.
        first = islice(self._bookings, len(self._bookings) - most + 1)
        return max(booking.began for booking in first) + self.limit.seconds - now

    def _wait_for_tokens(self, now: float) -> float:
        """A call that is larger than the limit by itself goes when nothing else counts."""
        if self.limit.tokens is None:
            return 0.0
        left, until = self._tokens + self.expected - self.limit.tokens, now
        for booking in self._bookings:
            if left <= 0:
                break
            left -= booking.tokens
            until = max(until, booking.began + self.limit.seconds)
        return until - now
