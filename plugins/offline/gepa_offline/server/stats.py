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
        status: the HTTP status of the answer; 0 when there was none.
        seconds: from the request's arrival to its answer.
        fault: the kind of the fault that it met; empty for none.
        user: the request's own field of that name, by which clients can tell their requests apart.
        images: how many images its messages had.
        arrived: when it came, in seconds on a clock of the server's process that nobody can set.
    """

    number: int
    model: str
    prompt: str
    status: int
    seconds: float
    fault: str = ""
    user: str = ""
    images: int = 0
    arrived: float = 0.0


@attrs.define(kw_only=True, eq=False)
class Visit:
    """A request that is in the server. What becomes of it is filled in on the way.

    Attributes:
        number: its place in the order of arrival.
        since: when it arrived, on the clock of `time.perf_counter`.
        is_retry: whether its client says that it asked before and failed (as those of OpenAI do).
        model: the model asked for.
        user: see `RequestRecord`.
        images: see `RequestRecord`.
        body: what was sent.
        status: the HTTP status of the answer; 0 for none.
        fault: the kind of the fault that it met.
    """

    number: int
    since: float
    is_retry: bool
    model: str = ""
    user: str = ""
    images: int = 0
    body: bytes = b""
    status: int = 0
    fault: str = ""


class Stats:
    """Counts of the chat requests. Read and written from any thread."""

    def __init__(self, *, log_requests: bool = False) -> None:
        self._log_requests = log_requests
        self._lock = Lock()
        self._calls: dict[str, Counter[str]] = {}
        self._faults: dict[str, Counter[str]] = {}
        self._retries: Counter[str] = Counter()
        self._busy: dict[str, float] = {}
        self._arrived = 0
        self._in_flight = 0
        self._most = 0
        self._records: list[RequestRecord] = []

    def arrive(self, *, is_retry: bool = False) -> Visit:
        """Count a request in."""
        with self._lock:
            self._arrived += 1
            self._in_flight += 1
            self._most = max(self._most, self._in_flight)
            return Visit(number=self._arrived, since=time.perf_counter(), is_retry=is_retry)

    def leave(self, visit: Visit) -> None:
        """Count a request out."""
        seconds = time.perf_counter() - visit.since
        record = _record(visit, seconds) if self._log_requests else None
        with self._lock:
            self._in_flight -= 1
            self._calls.setdefault(visit.model, Counter())[str(visit.status)] += 1
            self._busy[visit.model] = self._busy.get(visit.model, 0.0) + seconds
            self._retries[visit.model] += visit.is_retry
            if visit.fault:
                self._faults.setdefault(visit.model, Counter())[visit.fault] += 1
            if record is not None:
                self._records.append(record)

    def snapshot(self) -> dict[str, Any]:
        """The counts so far as JSON.

        ``calls`` by model and status (``"0"``: no answer, because the connection was dropped or the client
        went away), ``faults`` by model and kind, ``retries`` by model (requests whose client says that it
        asked before), ``total``, ``busy_seconds`` (time that requests spent in the server, summed over all)
        and ``busy_seconds_by_model``, ``in_flight`` and ``max_in_flight``.
        """
        with self._lock:
            return {
                "calls": {model: dict(counts) for model, counts in self._calls.items()},
                "faults": {model: dict(counts) for model, counts in self._faults.items()},
                "retries": {model: count for model, count in self._retries.items() if count},
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


def _record(visit: Visit, seconds: float) -> RequestRecord:
    record = RequestRecord(
        number=visit.number,
        model=visit.model,
        prompt=sha256(visit.body).hexdigest()[:16],
        status=visit.status,
        seconds=seconds,
        fault=visit.fault,
        user=visit.user,
        images=visit.images,
        arrived=visit.since,
    )
    said = f"{record.seconds:.3f} s {record.prompt}" + (f" fault {record.fault}" if record.fault else "")
    _log.info("%d %s %d %s", record.number, record.model or "-", record.status, said)
    return record
