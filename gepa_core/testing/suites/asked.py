"""Calls of a rollout that let every model be called at once, and remember who asked for what."""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs

from gepa_core.pacing import Call, Calls
from gepa_core.types import Usage


def _nothing() -> int:
    return 0


@attrs.define(eq=False)
class AskedCall(Call):
    """A call that was asked for.

    Attributes:
        model: the name that was given.
        made_before: calls that had reached a model when this one was asked for.
        ends: how it was said to have ended, as often as it was.
    """

    model: str
    made_before: int
    ends: list[Usage | BaseException] = attrs.field(factory=list)

    def end(self, usage: Usage) -> None:
        """Remember what it used."""
        self.ends.append(usage)

    def fail(self, error: BaseException) -> None:
        """Remember how it failed."""
        self.ends.append(error)


@attrs.define(eq=False)
class AskedCalls(Calls):
    """Those of one rollout.

    Attributes:
        made: says how many calls have reached a model.
        refusal: what whoever asks is told instead; None for leave.
        asked: in the order in which leave was asked for.
    """

    made: Callable[[], int] = _nothing
    refusal: Exception | None = None
    asked: list[AskedCall] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def begin(self, model: str) -> Call:
        """Remember it."""
        if self.refusal is not None:
            raise self.refusal
        with self._lock:
            call = AskedCall(model, self.made())
            self.asked.append(call)
        return call
