"""Retries, with a sleep that only writes down how long it was asked to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gepa_core.errors import ConfigurationError, InfrastructureFault, ModelFault
from gepa_core.faults import Fault
from gepa_core.retry import with_retries


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


class Clock:
    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def run(
    operation: Callable[[], Awaitable[str]],
    clock: Clock,
    *,
    attempts: int = 4,
    max_wait: float = 60.0,
    on_retry: Callable[[int, float, Fault], None] = lambda *_: None,
) -> str:
    return asyncio.run(
        with_retries(operation, attempts=attempts, max_wait=max_wait, on_retry=on_retry, sleep=clock.sleep)
    )


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


def test_a_fault_that_persists_is_raised_as_infrastructure() -> None:
    operation, clock = Operation(*[ConnectionError("refused")] * 9), Clock()
    with pytest.raises(InfrastructureFault, match="still failing after 3 attempts: ConnectionError: refused"):
        run(operation, clock, attempts=3)
    assert (operation.calls, len(clock.waits)) == (3, 2)


def test_the_last_fault_of_our_own_is_raised_as_it_is() -> None:
    last = InfrastructureFault("second", retry_after=2.0)
    with pytest.raises(InfrastructureFault) as caught:
        run(Operation(InfrastructureFault("first"), last), Clock(), attempts=2)
    assert caught.value is last


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
        on_retry=lambda attempt, wait, fault: told.append((attempt, wait, fault.type, len(clock.waits))),
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
