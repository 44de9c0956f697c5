"""Deciding which request meets which fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock

import attrs

from gepa_offline.server.faults import Fault


@attrs.define(eq=False)
class _Active:
    """A fault with what has come and what it has struck since it was set."""

    fault: Fault
    seen: int = 0
    struck: int = 0

    def meets(self, model: str) -> bool:
        """Whether a request to ``model`` is one of those that it may strike. Counts the request."""
        if self.fault.model not in ("", model):
            return False
        self.seen += 1
        has_times_left = self.fault.times is None or self.struck < self.fault.times
        return self.seen > self.fault.after and has_times_left


class FaultInjector:
    """The faults that are set. Read and changed from any thread, also while the server answers.

    Each fault draws for itself, and the first that strikes counts.
    """

    def __init__(self, seed: int, faults: Sequence[Fault] = ()) -> None:
        self._seed = seed
        self._lock = Lock()
        self._active: list[_Active] = []
        self._occurrences: Counter[bytes] = Counter()
        self.set(faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Those that are set, in order."""
        with self._lock:
            return tuple(active.fault for active in self._active)

    def set(self, faults: Sequence[Fault]) -> None:
        """Replace the faults that are set. All counts begin anew."""
        with self._lock:
            self._active = [_Active(fault) for fault in faults]
            self._occurrences.clear()

    def strike(self, model: str, body: bytes) -> Fault | None:
        """The fault that a request meets, if any."""
        with self._lock:
            if not self._active:
                return None
            digest = sha256(body).digest()
            occurrence = self._occurrences[digest]
            self._occurrences[digest] += 1
            # Every fault counts every request, also one that an earlier fault strikes.
            met = [(place, active) for place, active in enumerate(self._active) if active.meets(model)]
            for place, active in met:
                if self._draw(digest, occurrence, place) < active.fault.rate:
                    active.struck += 1
                    return active.fault
            return None

    def _draw(self, digest: bytes, occurrence: int, place: int) -> float:
        """A number from 0 to 1 that depends on nothing but the seed, the content and its occurrence."""
        key = b"%d %d %d " % (self._seed, occurrence, place)
        return int.from_bytes(sha256(key + digest).digest()[:8], "big") / 2**64
