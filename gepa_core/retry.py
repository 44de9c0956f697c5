"""Trying again after a passing fault: exponential backoff with jitter, longer where the provider asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from gepa_core.errors import ConfigurationError, InfrastructureFault, ModelFault
from gepa_core.faults import Fault, classify, describe

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

T = TypeVar("T")
OnRetry: TypeAlias = Callable[[int, float, Fault], None]
"""Told before each wait: the number of the attempt that failed (from 1), seconds to wait, the fault."""
Sleep: TypeAlias = Callable[[float], Awaitable[None]]


def _say_nothing(_attempt: int, _wait: float, _fault: Fault) -> None:
    return None


async def with_retries(
    operation: Callable[[], Awaitable[T]],
    *,
    attempts: int = 6,
    max_wait: float = 60.0,
    on_retry: OnRetry = _say_nothing,
    sleep: Sleep = asyncio.sleep,
) -> T:
    """Run ``operation`` until it succeeds, trying again after infrastructure faults only.

    The wait before attempt n + 1 is drawn from 0 to 2^(n-1) seconds ("full jitter"), or is what the
    provider asked for plus up to a tenth of it if that is longer; never more than ``max_wait``. The jitter
    comes from no seeded generator: it shifts when things happen, never what happens.

    Args:
        operation: called anew for each attempt.
        attempts: how often it is tried at most, at least 1.
        max_wait: the longest single wait in seconds.
        on_retry: told before each wait.
        sleep: waits; tests pass one that does not.

    Raises:
        InfrastructureFault: the last attempt's fault, when all of them met one.
        ModelFault: at once, when a model cannot be used at all.
        Exception: anything else that ``operation`` raises, at once and unchanged.
    """
    try:
        return await operation()
    except Exception as error:
        # Most operations succeed at once and are spared what a retry costs to set up.
        first = [error]
    retrying = _retrying(attempts, max_wait, on_retry, sleep)

    async def again() -> T:
        if first:
            raise first.pop()
        return await operation()

    try:
        return await retrying(again)
    except (InfrastructureFault, ModelFault, ConfigurationError):
        raise
    except Exception as error:
        final = _final(error, attempts)
        if final is error:
            raise
        raise final from error


def _retrying(attempts: int, max_wait: float, on_retry: OnRetry, sleep: Sleep) -> AsyncRetrying:
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

    return AsyncRetrying(
        retry=retry_if_exception(_passes),
        stop=stop_after_attempt(attempts),
        wait=lambda state: _wait(state, max_wait),
        before_sleep=lambda state: on_retry(state.attempt_number, _upcoming(state), classify(_error(state))),
        sleep=sleep,
        reraise=True,
    )


def _passes(error: BaseException) -> bool:
    return isinstance(error, Exception) and classify(error).kind == "infrastructure"


def _error(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    if error is None:
        raise AssertionError("tenacity asked for a wait though nothing failed")
    return error


def _upcoming(state: RetryCallState) -> float:
    return state.next_action.sleep if state.next_action is not None else 0.0


def _wait(state: RetryCallState, max_wait: float) -> float:
    from tenacity import wait_random, wait_random_exponential

    backoff = wait_random_exponential(multiplier=1, max=max_wait)(state)
    asked = classify(_error(state)).retry_after
    if asked is None:
        return backoff
    return min(max_wait, max(backoff, asked + wait_random(0, asked / 10)(state)))


def _final(error: Exception, attempts: int) -> Exception:
    fault = classify(error)
    if fault.kind == "infrastructure":
        return InfrastructureFault(
            f"still failing after {attempts} attempts: {describe(error)}", retry_after=fault.retry_after
        )
    return ModelFault(describe(error)) if fault.kind == "model" else error
