"""256 rollouts at once: sync apps on as many threads, async ones on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from gepa_offline import SimulatedModel
from gepa_offline.server.app import ChatService
from gepa_offline.server.closing import make_server
from gepa_offline.server.injector import FaultInjector
from gepa_offline.server.serve import _base_url, _listen
from gepa_offline.server.stats import Stats

from tests.pacing.apps import FAMILIES, score_seed

AT_ONCE = 256


@attrs.frozen(kw_only=True, eq=False)
class _Gathering(ChatService):
    """Answers nobody before so many requests are there together, or none came for a while."""

    _complete: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)

    async def _wait(self, seconds: float) -> bool:
        if self.stats.snapshot()["in_flight"] >= AT_ONCE:
            self._complete.set()
        try:
            await asyncio.wait_for(self._complete.wait(), 30 + seconds)
        except TimeoutError:
            self._complete.set()  # the peak will tell that they were too few
        return True


@contextmanager
def _gathering() -> Iterator[tuple[str, Stats]]:
    stats = Stats()
    service = _Gathering(model=SimulatedModel(seed=0), stats=stats, latency={}, faults=FaultInjector(0, ()))
    server = make_server(service)
    with _listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield _base_url(listener), stats
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.mark.parametrize("family", FAMILIES)
def test_256_rollouts_are_in_flight_at_once(tmp_path: Path, family: str) -> None:
    """The server answers when all are there, and sees no more than that."""
    with _gathering() as (base_url, stats):
        result = score_seed(family, base_url, tmp_path, AT_ONCE, concurrency=AT_ONCE)
        assert stats.snapshot()["max_in_flight"] == AT_ONCE
    assert result.cost.total_rollouts == AT_ONCE
    assert result.cost.retries == 0
