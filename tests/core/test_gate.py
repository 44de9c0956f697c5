"""The limit of concurrency: never more at once, what is paid for first, nothing new after the end."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.gate import Gate, Halted
from tests.core.steady import steady


@steady
@given(
    concurrency=st.integers(1, 4),
    steps=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=14),
)
def test_never_more_at_once_and_no_place_is_lost(
    concurrency: int, steps: list[tuple[int, bool, bool]]
) -> None:
    """Whatever is cancelled while it waits or runs: the limit holds, and all places are free at the end."""

    async def run() -> int:
        gate = Gate(concurrency)
        inside = most = 0

        async def one(turns: int, *, finishing: bool) -> None:
            nonlocal inside, most
            async with gate.place(finishing=finishing):
                inside += 1
                most = max(most, inside)
                try:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                finally:
                    inside -= 1

        tasks = [asyncio.create_task(one(turns, finishing=urgent)) for turns, urgent, _ in steps]
        for task, (turns, _, is_cancelled) in zip(tasks, steps, strict=True):
            for _ in range(turns):
                await asyncio.sleep(0)
            if is_cancelled:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(concurrency):  # each place can be had again, at once
            await asyncio.wait_for(gate._enter(0, begins=True), 5)
        return most

    assert asyncio.run(run()) <= concurrency


def test_what_finishes_goes_before_what_begins() -> None:
    """Whoever ends something that was paid for overtakes those who wait to begin."""

    async def run() -> list[str]:
        gate, order = Gate(1), list[str]()

        async def one(name: str, *, finishing: bool) -> None:
            async with gate.place(finishing=finishing):
                order.append(name)
                await asyncio.sleep(0)

        calls = [("a", False), ("b", False), ("c", True), ("d", True), ("e", False)]
        await asyncio.gather(*(one(name, finishing=finishing) for name, finishing in calls))
        return order

    assert asyncio.run(run()) == ["a", "c", "d", "b", "e"]


def test_the_lowest_proposal_goes_first() -> None:
    """Later ones can be committed only after it; among equals whoever came first."""

    async def run() -> list[str]:
        gate, order = Gate(1), list[str]()

        async def one(name: str, number: int) -> None:
            async with gate.place(number):
                order.append(name)
                await asyncio.sleep(0)

        calls = [("a", 5), ("b", 4), ("c", 2), ("d", 4), ("e", 3)]
        await asyncio.gather(*(one(name, number) for name, number in calls))
        return order

    assert asyncio.run(run()) == ["a", "c", "e", "b", "d"]


def test_after_the_end_nothing_begins_and_what_is_paid_for_finishes() -> None:
    """The first reason stays; a wait for another attempt ends at once."""

    async def run() -> None:
        gate = Gate(2)
        waiting = asyncio.create_task(gate.pause(60))
        await asyncio.sleep(0)
        began = time.monotonic()
        gate.halt("it is enough")
        gate.halt("later")
        await waiting
        assert time.monotonic() - began < 30
        assert gate.halted == "it is enough"
        with pytest.raises(Halted, match="it is enough"):
            async with gate.place():
                raise AssertionError("something began")
        async with gate.place(finishing=True):
            pass

    asyncio.run(run())
