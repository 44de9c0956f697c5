"""Trying again after a passing fault: exponential backoff with jitter, longer where the provider asks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs

from gepa_core.errors import (
    ConfigurationError,
    InfrastructureFault,
    ModelFault,
    PluginError,
    StoreError,
)
from gepa_core.faults import Fault, classify, describe, root_of
from gepa_core.gate import Gate

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

T = TypeVar("T")
OnRetry: TypeAlias = Callable[[int, float, Fault], None]
"""Told before each wait: the number of the attempt that failed (from 1), seconds to wait, the fault."""

_FINAL = (PluginError, StoreError)
"""Errors of what stands between a rollout and the disk: another attempt would pay for the rollout again."""
LEAST = 4
"""Attempts that are made however long they take, and as many as a service gets that never answered."""


class ServiceLost(InfrastructureFault):
    """A service kept failing for longer than the run was to wait for it, so the run stops."""


@attrs.define(kw_only=True, eq=False)
class Patience:
    """How long a run waits for a service that fails. One for each service, shared by all that ask it.

    A service that has answered before is waited for: outages pass. One that has never answered in this
    process is more likely to be misconfigured or switched off, so it gets `LEAST` attempts, unless it asks
    to wait: then it is there.

    Attributes:
        service: what fails, as messages call it.
        gate: what the waits end with; closed for everybody when the service is given up.
        attempts: how often one operation is tried at most; None for as often as ``seconds`` allow.
        seconds: how long one operation may go on failing, from its first failure. Between the attempts of
            an operation it may well be longer, as where each of them ends by a timeout.
        max_wait: the longest wait between two attempts, in seconds.
        answered: whether the service has answered in this process.
    """

    service: str
    gate: Gate
    attempts: int | None = None
    seconds: float = 300.0
    max_wait: float = 60.0
    clock: Callable[[], float] = time.monotonic
    answered: bool = False

    def is_over(self, attempt: int, elapsed: float, fault: Fault) -> bool:
        """Whether an operation is given up: its number of attempts, seconds since it first failed."""
        if self.attempts is not None and attempt >= self.attempts:
            return True
        is_there = self.answered or fault.retry_after is not None
        return attempt >= LEAST and (elapsed >= self.seconds or not is_there or bool(self.gate.halted))


def _say_nothing(_attempt: int, _wait: float, _fault: Fault) -> None:
    return None


async def with_retries(
    operation: Callable[[], Awaitable[T]], patience: Patience, on_retry: OnRetry = _say_nothing
) -> T:
    """Run ``operation`` until it succeeds, trying again after infrastructure faults only.

    The wait before attempt n + 1 is drawn from 0 to 2^(n-1) seconds ("full jitter"), or is what the
    provider asked for plus up to a tenth of it if that is longer; never more than ``patience.max_wait``. The
    jitter comes from no seeded generator: it shifts when things happen, never what happens.

    Args:
        operation: called anew for each attempt.
        patience: decides when to give up.
        on_retry: told before each wait.

    Raises:
        ServiceLost: every attempt met a fault until patience was over. The gate lets nothing more begin.
        Halted: the run ended meanwhile for another reason.
        ModelFault: at once, when a model cannot be used at all.
        Exception: anything else that ``operation`` raises, at once and unchanged.
    """
    try:
        result = await operation()
    except Exception as error:
        # Most operations succeed at once and are spared what a retry costs to set up.
        result = await again(operation, error, patience, on_retry)
    patience.answered = True
    return result


async def again(
    operation: Callable[[], Awaitable[T]],
    error: Exception,
    patience: Patience,
    on_retry: OnRetry = _say_nothing,
) -> T:
    """`with_retries` after the first attempt, which was made elsewhere and raised ``error``."""
    first, began = [error], patience.clock()

    async def attempt() -> T:
        if first:
            raise first.pop()
        return await operation()

    retrying = _retrying(patience, began, on_retry)
    try:
        return await retrying(attempt)
    except Exception as last:
        tried = int(retrying.statistics["attempt_number"])
        final = _final(last, patience, tried, patience.clock() - began)
        if final is last:
            raise
        raise final from last


def _retrying(patience: Patience, began: float, on_retry: OnRetry) -> AsyncRetrying:
    from tenacity import AsyncRetrying, retry_if_exception

    def elapsed() -> float:
        return patience.clock() - began

    return AsyncRetrying(
        retry=retry_if_exception(passes),
        stop=lambda state: patience.is_over(state.attempt_number, elapsed(), classify(_error(state))),
        wait=lambda state: _wait(state, patience, elapsed()),
        before_sleep=lambda state: on_retry(state.attempt_number, _upcoming(state), classify(_error(state))),
        sleep=patience.gate.pause,
        reraise=True,
    )


def passes(error: BaseException) -> bool:
    """Whether ``error`` is worth another attempt."""
    if not isinstance(error, Exception) or isinstance(error, (ServiceLost, *_FINAL)):
        return False
    return classify(error).kind == "infrastructure"


def _error(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    if error is None:
        raise AssertionError("tenacity asked for a wait though nothing failed")
    return error


def _upcoming(state: RetryCallState) -> float:
    return state.next_action.sleep if state.next_action is not None else 0.0


def _wait(state: RetryCallState, patience: Patience, elapsed: float) -> float:
    """Seconds to wait; the last wait ends when patience does."""
    from tenacity import wait_random, wait_random_exponential

    wait = wait_random_exponential(multiplier=1, max=patience.max_wait)(state)
    asked = classify(_error(state)).retry_after
    if asked is not None:
        wait = min(patience.max_wait, max(wait, asked + wait_random(0, asked / 10)(state)))
    return wait if state.attempt_number < LEAST else min(wait, max(0.0, patience.seconds - elapsed))


def _final(error: Exception, patience: Patience, tried: int, elapsed: float) -> Exception:
    """What the last attempt's error means for the run; the error itself where that says it."""
    if not passes(error):
        return as_final(error)
    if patience.gate.halted:
        return patience.gate.refusal
    tries = "1 attempt" if tried == 1 else f"{tried} attempts in {elapsed:.0f} s"
    lost = ServiceLost(
        f"{patience.service} cannot be reached: still failing after {tries}: {_explained(error)}",
        retry_after=classify(error).retry_after,
    )
    patience.gate.fail(lost)
    return lost


def as_final(error: Exception) -> Exception:
    """What ``error``, which is worth no other attempt, means for the run; itself where it says that."""
    if isinstance(error, (ServiceLost, ModelFault, ConfigurationError, *_FINAL)):
        return error
    if classify(error).kind != "model":
        return error
    fault = ModelFault(describe(error))
    fault.__cause__ = error
    return fault


def _explained(error: Exception) -> str:
    """An error, and what caused it where it does not say so itself: ``Connection error.`` tells nobody."""
    said, root = describe(error), describe(root_of(error))
    return said if root in said or said in root else f"{said} (from {root})"
