"""Asking across processes, with the process left out: words are carried by the event loop."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from gepa_core.errors import InfrastructureFault
from gepa_core.faults import classify
from gepa_core.gate import Gate
from gepa_core.pacing import CallDesk, DistantCalls, Leave, Pace, PacedCalls, RateLimit, Stopped, Word
from gepa_core.types import Usage


def carried(calls: PacedCalls) -> tuple[DistantCalls, CallDesk, list[Word]]:
    """Both ends, and the words that went from one to the other."""
    loop, said = asyncio.get_running_loop(), list[Word]()

    def send(word: Word) -> None:
        said.append(pickle.loads(pickle.dumps(word)))
        loop.call_soon_threadsafe(desk.hear, said[-1])

    def reply(leave: Leave) -> None:
        distant.hear(pickle.loads(pickle.dumps(leave)))

    distant, desk = DistantCalls(send), CallDesk(calls, reply)
    return distant, desk, said


async def until(holds: Callable[[], Any]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("is_async", [True, False])
def test_what_a_call_used_counts_here(*, is_async: bool) -> None:
    """And counts once, however often it is heard."""

    async def check() -> None:
        pace, gate = Pace({"m": RateLimit(tokens=100, seconds=900.0)}), Gate(1)
        distant, desk, said = carried(PacedCalls(pace, gate))
        call = await distant.abegin("m") if is_async else await asyncio.to_thread(distant.begin, "m")
        call.end(Usage(calls=1, input_tokens=40))
        call.fail(InfrastructureFault("busy", retry_after=900.0))
        for word in [said[-1]] * 2:
            desk.hear(word)
        await asyncio.sleep(0)
        assert pace.book("m", gate).done()  # 40 count, and as many are expected
        assert not pace.book("m", gate).done()
        assert pace.held("m") == 0.0

    asyncio.run(check())


def test_a_wait_that_a_provider_asks_for_arrives_here() -> None:
    """With the error's words, though the error itself would not survive the way."""

    class Refused(Exception):
        status_code = 429

        def __init__(self, *, wait: float) -> None:
            super().__init__(f"try again in {wait} s")

    async def check() -> None:
        pace = Pace()
        calls = PacedCalls(pace, Gate(1))
        distant, _, _ = carried(calls)
        (await distant.abegin("m")).fail(Refused(wait=12.0))
        await until(lambda: calls.asked)
        assert 0.0 < pace.held("m") <= 12.0

    asyncio.run(check())


def test_a_wait_there_is_told_here_and_ends_with_the_run() -> None:
    """It is raised there, and known here whatever the app makes of it."""

    async def check() -> None:
        pace, gate = Pace(longest=900.0), Gate(1)
        gate.on_halt(lambda: pace.stop(gate))
        pace.hold("m", classify(InfrastructureFault("busy", retry_after=900.0)))
        calls = PacedCalls(pace, gate)
        distant, _, _ = carried(calls)
        waiting = asyncio.create_task(distant.abegin("m"))
        await until(lambda: calls.waited)
        gate.halt("it was interrupted")
        with pytest.raises(Stopped, match="it was interrupted"):
            await waiting
        assert calls.stopped

    asyncio.run(check())


@pytest.mark.parametrize("ends", ["the call is cancelled", "the rollout is over"])
def test_a_wait_that_is_given_up_there_leaves_the_line_here(ends: str) -> None:
    """The next in line goes when there is room."""

    async def check() -> None:
        pace, gate = Pace({"m": RateLimit(requests=1, seconds=0.2)}), Gate(1)
        calls = PacedCalls(pace, gate)
        distant, desk, said = carried(calls)
        PacedCalls(pace, gate).begin("m")
        waiting = asyncio.create_task(distant.abegin("m"))
        await until(lambda: calls.waited)
        if ends == "the call is cancelled":
            waiting.cancel()
            await asyncio.wait({waiting})
            assert len(said) == 2
        else:
            desk.close()
        await asyncio.wait_for(PacedCalls(pace, gate).abegin("m"), 60)
        assert waiting.cancelled() or not waiting.done()
        waiting.cancel()

    asyncio.run(check())
