"""The limit of a run in seconds: by the monotonic clock, which nobody can set."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import attrs

from gepa_core.gate import Gate
from gepa_core.types import Outcome

_LONGEST_WAIT = 1.0
"""Seconds between two looks at how much has to be kept."""
_MARGIN = 1.5


def _nothing() -> float:
    return 0.0


@attrs.define(kw_only=True, eq=False)
class TimeLimit:
    """Begins when it is made.

    Attributes:
        seconds: None for no limit.
        is_over: whether it has ended something.
    """

    seconds: float | None
    is_over: bool = attrs.field(default=False, init=False)
    _began: float = attrs.field(factory=time.monotonic, init=False)

    @property
    def left(self) -> float:
        """Seconds left, infinite without a limit; negative when it is over."""
        return math.inf if self.seconds is None else self._began + self.seconds - time.monotonic()

    @contextmanager
    def ends(self, gate: Gate, kept: Callable[[], float] = _nothing) -> Iterator[None]:
        """Halt ``gate`` when the time is over, if that is inside of the block.

        Args:
            kept: seconds to keep for what comes after; at most half of all is kept.
        """
        if self.seconds is None:
            yield
            return
        seconds, loop = self.seconds, asyncio.get_running_loop()
        timer: asyncio.Handle

        def look() -> None:
            nonlocal timer
            keeping = min(kept(), seconds / 2)
            wait = self.left - keeping
            if wait <= 0:
                self.is_over = True
                note = f" ({keeping:.3g} of them are kept for the test set)" if keeping else ""
                gate.halt(f"the time limit of {seconds:g} seconds is over{note}")
                return
            timer = loop.call_later(min(wait, _LONGEST_WAIT), look)

        timer = loop.call_soon(look)
        try:
            yield
        finally:
            timer.cancel()


def seconds_for(rollouts: int, seen: Sequence[Outcome], concurrency: int) -> float:
    """How long ``rollouts`` may take, by those that were ``seen``, with a margin."""
    if not seen or not rollouts:
        return 0.0
    mean = sum(outcome.seconds for outcome in seen) / len(seen)
    return _MARGIN * mean * math.ceil(rollouts / concurrency)
