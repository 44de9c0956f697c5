"""What the server counts."""

from __future__ import annotations

import logging
import time
from collections import Counter
from hashlib import sha256
from threading import Lock
from typing import Any

import attrs

_log = logging.getLogger("gepa_offline.server")


@attrs.frozen(kw_only=True)
class RequestRecord:
    """One request, as the request log keeps it.

    Attributes:
        number: its place in the order of arrival.
        model: the model asked for; empty if the request did not say.
        prompt: a short hash of the request's body, equal for equal requests.
        status: the HTTP status of the answer.
        seconds: from the request's arrival to its answer.
    """

    number: int
    model: str
    prompt: str
    status: int
    seconds: float


class Stats:
    """Counts of the chat requests. Read and written from any thread."""

    def __init__(self, *, log_requests: bool = False) -> None:
        self._log_requests = log_requests
        self._lock = Lock()
        self._calls: dict[str, Counter[str]] = {}
        self._busy: dict[str, float] = {}
        self._arrived = 0
        self._in_flight = 0
        self._most = 0
        self._records: list[RequestRecord] = []

    def arrive(self) -> tuple[int, float]:
        """Count a request in. Returns its number and when it arrived."""
        with self._lock:
            self._arrived += 1
            self._in_flight += 1
            self._most = max(self._most, self._in_flight)
            return self._arrived, time.perf_counter()

    def leave(self, ticket: tuple[int, float], *, model: str, status: int, body: bytes) -> None:
        """Count a request out. ``status`` 0 means that the client went away."""
        number, since = ticket
        seconds = time.perf_counter() - since
        record = None
        if self._log_requests:
            digest = sha256(body).hexdigest()[:16]
            record = RequestRecord(number=number, model=model, prompt=digest, status=status, seconds=seconds)
            _log.info("%d %s %d %.3f s %s", number, model or "-", status, seconds, digest)
        with self._lock:
            self._in_flight -= 1
            self._calls.setdefault(model, Counter())[str(status)] += 1
            self._busy[model] = self._busy.get(model, 0.0) + seconds
            if record is not None:
                self._records.append(record)

    def snapshot(self) -> dict[str, Any]:
        """The counts so far as JSON.

        ``calls`` by model and status, ``total``, ``busy_seconds`` (time that requests spent in the
        server, summed over all) and ``busy_seconds_by_model``, ``in_flight`` and ``max_in_flight``.
        """
        with self._lock:
            return {
                "calls": {model: dict(counts) for model, counts in self._calls.items()},
                "total": sum(sum(counts.values()) for counts in self._calls.values()),
                "busy_seconds": sum(self._busy.values()),
                "busy_seconds_by_model": dict(self._busy),
                "in_flight": self._in_flight,
                "max_in_flight": self._most,
            }

    def records(self) -> list[RequestRecord]:
        """The requests so far, in the order in which they ended; empty unless the log is switched on."""
        with self._lock:
            return list(self._records)
