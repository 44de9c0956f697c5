"""The user's code at work: cancelled when it is late, left behind when it does not react."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

import pytest

from gepa_core.waiting import Clock, TookTooLong, Watch

LIMIT = 0.02
FOR_GOOD = 60.0


async def deaf(until: asyncio.Event) -> str:
    """Catches its cancellation and goes on."""
    while not until.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await until.wait()
    return "late"


async def polite(until: asyncio.Event) -> str:
    """Ends when it is cancelled."""
    await until.wait()
    return "late"


async def sorry(until: asyncio.Event) -> str:
    """Has an answer to every error, its cancellation included."""
    try:
        await until.wait()
    except BaseException:
        return "sorry"
    return "late"


class Watched:
    """What a watch tells of its work, in order."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.told: list[str] = []
        self.ended = asyncio.Event()
        self.watch = Watch(clock or Clock(), self._failed)

    def start(self, work: Callable[[], Awaitable[Any]], seconds: float | None = LIMIT, **more: Any) -> None:
        """Do ``work`` within ``seconds``, and then ``more``."""

        async def job(watch: Watch) -> None:
            self.told.append(str(await watch.within(seconds, work(), **more)))
            self.ended.set()

        self.watch.start(job, copy_context())

    def _failed(self, error: BaseException) -> None:
        self.told.append(type(error).__name__)
        self.ended.set()


@pytest.mark.parametrize("work", [deaf, polite, sorry])
def test_work_that_is_late_is_told_of_once_and_what_it_does_later_is_forgotten(work: Any) -> None:
    async def run() -> list[str]:
        until, watched = asyncio.Event(), Watched()
        watched.start(lambda: work(until))
        await watched.ended.wait()
        until.set()  # whoever was left behind comes back now
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)
        return watched.told

    assert asyncio.run(run()) == ["TookTooLong"]


def test_a_task_goes_on_after_its_work_was_late() -> None:
    """No cancellation is left in it."""

    async def run() -> tuple[list[str], int]:
        watched, cancelling = Watched(), -1

        async def job(watch: Watch) -> None:
            nonlocal cancelling
            with contextlib.suppress(TookTooLong):
                await watch.within(LIMIT, polite(asyncio.Event()))
            task = asyncio.current_task()
            cancelling = -1 if task is None else task.cancelling()
            watched.told.append(await watch.within(FOR_GOOD, asyncio.sleep(0, "in time")))
            watched.ended.set()

        watched.watch.start(job, copy_context())
        await watched.ended.wait()
        return watched.told, cancelling

    assert asyncio.run(run()) == (["in time"], 0)


@pytest.mark.parametrize("seconds", [FOR_GOOD, None])
def test_work_that_is_in_time_is_not_touched(seconds: float | None) -> None:
    async def run() -> list[str]:
        watched = Watched()
        watched.start(lambda: asyncio.sleep(LIMIT, "done"), seconds)
        await watched.ended.wait()
        return watched.told

    assert asyncio.run(run()) == ["done"]


def test_seconds_that_do_not_count_are_added_as_they_pass() -> None:
    """Ten times the limit goes by, and none of it counts."""

    async def run() -> list[str]:
        watched, began = Watched(), asyncio.get_running_loop().time()

        def besides() -> float:
            return min(FOR_GOOD, asyncio.get_running_loop().time() - began)

        watched.start(lambda: asyncio.sleep(10 * LIMIT, "done"), LIMIT, besides=besides)
        await watched.ended.wait()
        return watched.told

    assert asyncio.run(run()) == ["done"]


def test_one_clock_tells_all_of_them_whatever_their_order() -> None:
    """Those with more time neither keep those with less waiting nor are they forgotten."""

    async def run() -> list[list[str]]:
        clock, seconds = Clock(), (FOR_GOOD, 3 * LIMIT, LIMIT, 2 * LIMIT, FOR_GOOD)
        every = [Watched(clock) for _ in seconds]
        never, end = asyncio.Event(), asyncio.Event()
        for one, limit in zip(every, seconds, strict=True):
            until = end if limit == FOR_GOOD else never
            one.start(lambda until=until: polite(until), limit)  # type: ignore[misc]
        for one in every[1:4]:
            await one.ended.wait()
        end.set()
        for one in every:
            await one.ended.wait()
        return [one.told for one in every]

    assert asyncio.run(run()) == [["late"], *[["TookTooLong"]] * 3, ["late"]]


def test_a_timer_that_finds_nobody_late_looks_again_for_the_others() -> None:
    """It was set for one that ended in time, and nothing else begins that would set another."""

    async def run() -> list[list[str]]:
        clock, done = Clock(), asyncio.Event()
        early, late = Watched(clock), Watched(clock)
        early.start(lambda: polite(done), LIMIT)
        late.start(lambda: polite(asyncio.Event()), 2 * LIMIT)
        await asyncio.sleep(0)
        done.set()
        async with asyncio.timeout(FOR_GOOD / 6):
            await late.ended.wait()
        return [early.told, late.told]

    assert asyncio.run(run()) == [["late"], ["TookTooLong"]]


def test_an_error_is_told_as_it_is() -> None:
    async def fails() -> None:
        raise KeyError("gold")

    async def run() -> list[str]:
        watched = Watched()
        watched.start(fails)
        await watched.ended.wait()
        return watched.told

    assert asyncio.run(run()) == ["KeyError"]
