"""Limits per model, and waits that a provider asks for: on a clock of the test's own, without a network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Execution, RateLimit
from gepa_core.errors import ConfigurationError, InfrastructureFault
from gepa_core.events import HeldBack, LimitReached
from gepa_core.faults import classify
from gepa_core.gate import Gate
from gepa_core.pacing import Call, Pace, PacedCalls, Stopped, current_calls
from gepa_core.pacing.limits import is_for
from gepa_core.pacing.window import Window
from gepa_core.types import Usage

BUSY = InfrastructureFault("busy", retry_after=12.0)


@pytest.mark.parametrize(
    ("pattern", "model", "expected"),
    [
        ("openai/gpt-4.1", "openai/gpt-4.1", True),
        ("openai/gpt-4.1", "gpt-4.1", True),
        ("gpt-4.1", "openai/gpt-4.1", True),
        ("openai/*", "gpt-4.1", True),
        ("*mini", "openai/gpt-4.1-mini", True),
        ("*", "anything", True),
        ("openai/gpt-4.1", "azure/gpt-4.1", False),
        ("gpt-4.1", "gpt-4.1-mini", False),
    ],
)
def test_a_limit_is_for_a_model_with_or_without_its_provider(
    pattern: str, model: str, *, expected: bool
) -> None:
    assert is_for(pattern, model) is expected


@pytest.mark.parametrize(
    "limits",
    [
        {"m": {}},
        {"m": {"requests": 0}},
        {"m": {"requests": True}},
        {"m": {"requests": 1.5}},
        {"m": {"tokens": -1}},
        {"m": {"requests": 1, "seconds": 0}},
        {"m": {"request": 1}},
        {"m": 500},
        {"": {"requests": 1}},
        [("m", 1)],
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(limits: Any) -> None:
    with pytest.raises(ConfigurationError):
        Execution(limits=limits)


def test_limits_can_be_written_as_tables() -> None:
    assert Execution(limits={"m": {"requests": 5}}) == Execution(limits={"m": RateLimit(requests=5)})


@given(
    requests=st.integers(1, 5),
    tokens=st.integers(10, 100),
    used=st.lists(st.tuples(st.integers(0, 60), st.floats(0, 5)), min_size=1, max_size=40),
)
def test_no_window_holds_more_than_the_limit(
    requests: int, tokens: int, used: Sequence[tuple[int, float]]
) -> None:
    """Calls that end at once, asked for at any moments: requests hold exactly, tokens but for the last."""
    window = Window(RateLimit(requests=requests, tokens=tokens, seconds=10.0))
    now, begun = 0.0, list[tuple[float, int]]()
    for amount, pause in used:
        now += pause
        while (wait := window.wait(now)) > 0:
            now += wait
        window.settle(window.book(now), amount, answered=True)
        begun.append((now, amount))
    for at, _ in begun:
        inside = [amount for began, amount in begun if at - 9.999 < began <= at]
        assert len(inside) <= requests
        assert sum(inside[:-1]) <= tokens


@pytest.mark.parametrize("is_async", [True, False])
def test_a_call_counts_from_when_it_begins_and_not_from_when_it_might_have(*, is_async: bool) -> None:
    """Its thread or event loop may get to it late, and the provider counts from then."""
    times = iter([0.0, 0.9, 1.5])  # it is booked, it begins, the next one is asked for
    pace, gate = Pace({"m": RateLimit(requests=1, seconds=1.0)}, clock=lambda: next(times, 1.5)), Gate(1)
    calls = PacedCalls(pace, gate)
    if is_async:
        asyncio.run(calls.abegin("m"))
    else:
        calls.begin("m")
    too_early = pace.book("m", gate)
    assert not too_early.done()
    gate.halt("enough")
    pace.stop(gate)


def test_calls_that_begin_in_another_order_than_they_were_booked_all_count() -> None:
    window = Window(RateLimit(requests=2, tokens=100, seconds=1.0))
    first, second = window.book(0.0), window.book(0.1)
    window.begin(first, 0.9)
    assert window.wait(1.5) == pytest.approx(0.4)
    assert window.wait(1.9) == 0.0
    window.begin(second, 2.5)  # after it has slid out
    window.settle(window.book(2.5), 1, answered=True)
    assert window.wait(2.6) == pytest.approx(0.9)


def test_tokens_are_expected_from_the_calls_so_far() -> None:
    """The first call goes alone. When it has shown what calls use, as many go at once as fit."""
    window = Window(RateLimit(tokens=100, seconds=60.0))
    first = window.book(0.0)
    assert window.wait(1.0) == 59.0
    window.settle(first, 25, answered=True)
    second, *_ = [window.book(1.0) for _ in range(3) if not window.wait(1.0)]
    assert window.wait(1.0) == 59.0
    window.settle(second, 0, answered=False)  # a call that failed gives back what it was expected to use
    assert window.wait(1.0) == 0.0


def test_calls_that_report_no_tokens_do_not_wait_for_ever_and_are_told_of() -> None:
    pace = Pace({"m": RateLimit(tokens=100), "misspelt": RateLimit(requests=1)})
    calls, gate = PacedCalls(pace, Gate(1)), Gate(1)
    for _ in range(5):
        PacedCalls(pace, gate).begin("m").end(Usage(calls=1, unmetered=1))
    assert calls.waited == 0.0
    about_m, about_other = sorted(pace.problems(), reverse=True)
    assert "'misspelt' held for no call; models called: 'm'" in about_m
    assert "'m' do not report their tokens" in about_other


@pytest.mark.parametrize("tokens", [None, 1000])
def test_the_first_wait_for_a_limit_is_told_of_once(tokens: int | None) -> None:
    """Not that the first call goes alone where tokens are limited."""
    told: list[HeldBack | LimitReached] = []
    wide = RateLimit(requests=100, tokens=tokens)
    pace = Pace({"m*": RateLimit(requests=3, seconds=0.2), "mine": wide}, tell=told.append)
    calls = PacedCalls(pace, Gate(1))
    for _ in range(5):
        calls.begin("mine").end(Usage(calls=1, input_tokens=1))
    assert calls.waited > 0
    assert told == [LimitReached(model="mine", limit="m*")]


def test_a_wait_that_a_provider_asks_for_holds_back_every_call_of_its_model() -> None:
    told: list[HeldBack | LimitReached] = []
    now = 0.0
    pace = Pace(longest=10.0, tell=told.append, clock=lambda: now)
    calls = PacedCalls(pace, Gate(1))
    for call in [calls.begin("m") for _ in range(32)]:
        call.fail(BUSY)
    assert calls.asked
    assert told == [HeldBack(model="m", seconds=10.0, error="busy")]  # once, and cut to the longest wait
    assert pace.held("m") == 10.0
    assert pace.held("other") == 0.0
    calls.begin("other").fail(InfrastructureFault("no word of a wait"))
    assert pace.held("other") == 0.0
    now = 10.0
    calls.begin("m").end(Usage())
    assert calls.waited < 5.0


def test_of_end_and_fail_only_the_first_counts() -> None:
    pace = Pace()
    call = PacedCalls(pace, Gate(1)).begin("m")
    call.end(Usage(calls=1))
    call.fail(BUSY)
    assert pace.held("m") == 0.0


@pytest.mark.parametrize("is_async", [False, True])
def test_a_wait_ends_at_once_when_the_run_is_halted(*, is_async: bool) -> None:
    async def main() -> None:
        gate = Gate(1)
        pace = Pace()
        gate.on_halt(lambda: pace.stop(gate))
        pace.hold("m", classify(BUSY))
        waiting = [PacedCalls(pace, gate) for _ in range(3)]
        begin = [one.abegin("m") if is_async else asyncio.to_thread(one.begin, "m") for one in waiting]
        tasks = [asyncio.ensure_future(one) for one in begin]
        while not all(one.waited for one in waiting):
            await asyncio.sleep(0.001)
        gate.halt("it was interrupted")
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert [type(one) for one in results] == [Stopped] * 3
        assert all(one.stopped for one in waiting)
        with pytest.raises(Stopped, match="it was interrupted"):
            await waiting[0].abegin("m")
        assert pace.held("m") > 0

    asyncio.run(main())


def test_threads_and_several_loops_wait_in_one_line() -> None:
    """64 of each ask at once for a model of 16 calls in a tenth of a second; all are let through."""
    pace, gate = Pace({"m": RateLimit(requests=16, seconds=0.1)}), Gate(1)
    begun: list[Call] = []

    async def many() -> None:
        begun.extend(await asyncio.gather(*(PacedCalls(pace, gate).abegin("m") for _ in range(32))))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(2)]
    threads += [
        threading.Thread(target=lambda: begun.append(PacedCalls(pace, gate).begin("m"))) for _ in range(64)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(begun) == 128


def test_a_cancelled_wait_leaves_the_line() -> None:
    async def main() -> None:
        pace, gate = Pace({"m": RateLimit(requests=1, seconds=0.2)}), Gate(1)
        calls = PacedCalls(pace, gate)
        calls.begin("m")
        late = asyncio.ensure_future(calls.abegin("m"))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.wait_for(calls.abegin("m"), 5)

    asyncio.run(main())


def test_outside_of_a_run_nothing_waits() -> None:
    calls = current_calls()
    calls.begin("m").fail(BUSY)
    calls.begin("m").end(Usage())
    with PacedCalls(Pace(), Gate(1)).active():
        assert current_calls() is not calls
    assert current_calls() is calls
