"""Retries, with a gate whose pauses only write down how long they were asked to be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gepa_core.errors import ConfigurationError, InfrastructureFault, ModelFault
from gepa_core.faults import Fault
from gepa_core.gate import Gate, Halted
from gepa_core.retry import LEAST, Patience, ServiceLost, with_retries


class Operation:
    """Raises the given errors one after another, then returns "done"."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class Clock(Gate):
    """A gate on whose clock nothing takes time but pauses."""

    def __init__(self) -> None:
        super().__init__(1)
        self.waits: list[float] = []

    def now(self) -> float:
        """Seconds since the beginning."""
        return sum(self.waits)

    async def pause(self, seconds: float) -> None:
        """Write the wait down."""
        self.waits.append(seconds)


def patience(clock: Clock, **settings: Any) -> Patience:
    return Patience(service="the model", gate=clock, clock=clock.now, **{"answered": True, **settings})


def run(
    operation: Callable[[], Awaitable[str]],
    clock: Clock,
    on_retry: Callable[[int, float, Fault], None] = lambda *_: None,
    **settings: Any,
) -> str:
    return asyncio.run(with_retries(operation, patience(clock, **settings), on_retry))


def test_a_passing_fault_is_tried_again() -> None:
    operation, clock = Operation(TimeoutError(), ConnectionError()), Clock()
    assert run(operation, clock) == "done"
    assert (operation.calls, len(clock.waits)) == (3, 2)


def test_waits_grow_and_are_random_within_their_bounds() -> None:
    firsts, thirds = [], []
    for _ in range(50):
        clock = Clock()
        run(Operation(TimeoutError(), TimeoutError(), TimeoutError()), clock)
        assert all(0 <= wait <= 2**n for n, wait in enumerate(clock.waits))
        firsts.append(clock.waits[0])
        thirds.append(clock.waits[2])
    assert len(set(firsts)) > 1
    assert sum(thirds) > sum(firsts)


def test_a_wait_that_the_provider_asks_for_is_kept() -> None:
    clock = Clock()
    run(Operation(InfrastructureFault("slow down", retry_after=20.0)), clock)
    assert 20.0 <= clock.waits[0] <= 22.0


def test_no_wait_is_longer_than_allowed() -> None:
    clock = Clock()
    run(Operation(InfrastructureFault("slow down", retry_after=3600.0)), clock, max_wait=5.0)
    assert clock.waits == [5.0]


@pytest.mark.parametrize("seconds", [30.0, 300.0])
def test_a_fault_that_persists_is_waited_out_for_as_long_as_patience_lasts(seconds: float) -> None:
    """The last wait ends when patience does, and then nothing more begins."""
    operation, clock = Operation(*[ConnectionError("refused")] * 999), Clock()
    with pytest.raises(
        ServiceLost,
        match=rf"the model cannot be reached: still failing after \d+ attempts in {seconds:.0f} s:"
        " ConnectionError: refused$",
    ) as caught:
        run(operation, clock, seconds=seconds)
    assert clock.now() == pytest.approx(seconds)
    assert operation.calls == len(clock.waits) + 1 > LEAST

    async def enter() -> None:
        async with clock.place():
            raise AssertionError("nothing may begin")

    with pytest.raises(ServiceLost) as again:
        asyncio.run(enter())
    assert again.value is caught.value


def test_a_service_that_never_answered_gets_few_attempts() -> None:
    operation, clock = Operation(*[ConnectionError("refused")] * 9), Clock()
    with pytest.raises(ServiceLost, match=f"after {LEAST} attempts"):
        run(operation, clock, answered=False)
    assert operation.calls == LEAST


def test_a_service_that_asks_to_wait_is_there() -> None:
    """A rate limit is an answer, so patience holds from the beginning."""
    operation = Operation(*[InfrastructureFault("slow down", retry_after=1.0)] * 9)
    assert run(operation, Clock(), answered=False) == "done"


def test_an_answer_to_one_makes_patient_with_all() -> None:
    clock = Clock()
    shared = patience(clock, answered=False)
    asyncio.run(with_retries(Operation(), shared))
    operation = Operation(*[ConnectionError("refused")] * 9)
    assert asyncio.run(with_retries(operation, shared)) == "done"


def test_slow_failures_are_tried_often_enough() -> None:
    """Each attempt hangs for longer than patience lasts, and is still not the last one."""
    clock = Clock()

    async def hang() -> str:
        clock.waits.append(600.0)
        raise TimeoutError

    with pytest.raises(ServiceLost, match=f"after {LEAST} attempts"):
        run(hang, clock, seconds=300.0)


@pytest.mark.parametrize(("attempts", "said"), [(1, "1 attempt: "), (3, "3 attempts in ")])
def test_the_number_of_attempts_can_be_limited(attempts: int, said: str) -> None:
    operation, clock = Operation(*[ConnectionError("refused")] * 9), Clock()
    with pytest.raises(ServiceLost, match=f"still failing after {said}"):
        run(operation, clock, attempts=attempts)
    assert (operation.calls, len(clock.waits)) == (attempts, attempts - 1)


def test_when_the_run_is_over_nobody_waits() -> None:
    """Pauses end at once then, so what still fails must not be tried for as long as patience lasts."""
    clock = Clock()
    clock.halt("it was interrupted")
    operation = Operation(*[ConnectionError("refused")] * 999)
    with pytest.raises(Halted, match="it was interrupted"):
        run(operation, clock)
    assert operation.calls == LEAST


def test_what_another_operation_gave_up_on_is_not_tried_again() -> None:
    operation, clock = Operation(ServiceLost("the other is gone")), Clock()
    with pytest.raises(ServiceLost, match="the other is gone"):
        run(operation, clock)
    assert operation.calls == 1


def test_the_error_says_what_it_goes_back_to() -> None:
    async def connect() -> str:
        try:
            raise ConnectionRefusedError("[Errno 111] Connection refused")
        except ConnectionRefusedError as cause:
            raise ConnectionError("Connection error.") from cause

    with pytest.raises(ServiceLost, match=r"ConnectionError: Connection error\. \(from .*Errno 111"):
        run(connect, Clock(), attempts=1)


@pytest.mark.parametrize("error", [ModelFault("no such model"), ConfigurationError("missing")])
def test_a_model_that_cannot_be_used_is_not_tried_again(error: Exception) -> None:
    operation, clock = Operation(error), Clock()
    with pytest.raises(type(error)) as caught:
        run(operation, clock)
    assert caught.value is error
    assert (operation.calls, clock.waits) == (1, [])


def test_a_foreign_error_that_no_retry_mends_becomes_a_model_fault() -> None:
    class AuthenticationError(Exception):
        status_code = 401

    with pytest.raises(ModelFault, match="AuthenticationError"):
        run(Operation(AuthenticationError("bad key")), Clock())


def test_a_candidates_fault_comes_out_unchanged_and_at_once() -> None:
    error = KeyError("order")
    operation = Operation(error)
    with pytest.raises(KeyError) as caught:
        run(operation, Clock())
    assert caught.value is error
    assert operation.calls == 1


def test_each_retry_is_told_of_before_its_wait() -> None:
    clock = Clock()
    told: list[tuple[int, float, str, int]] = []
    run(
        Operation(TimeoutError("slow"), ConnectionError("gone")),
        clock,
        lambda attempt, wait, fault: told.append((attempt, wait, fault.type, len(clock.waits))),
    )
    assert [(attempt, kind, before) for attempt, _, kind, before in told] == [
        (1, "TimeoutError", 0),
        (2, "ConnectionError", 1),
    ]
    assert [wait for _, wait, _, _ in told] == clock.waits


def test_cancelling_is_never_retried() -> None:
    async def cancelled() -> str:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(cancelled, Clock())
