"""Telling apart a passing outage, a model that cannot be used, and a candidate that broke the system."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

from gepa_core.errors import ConfigurationError, GepaError, InfrastructureFault, ModelFault
from gepa_core.faults import tables
from gepa_core.faults.describe import describe, message_of
from gepa_core.faults.responses import code_of, retry_after_of, status_of
from gepa_core.faults.unreadable import is_unreadable_answer

FaultKind: TypeAlias = Literal["infrastructure", "model", "candidate"]

_PASSING = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    http.client.IncompleteRead,
    http.client.BadStatusLine,
    # A connection that an earlier fault left in the middle of an exchange.
    http.client.ImproperConnectionState,
)


class JudgedError(Exception):
    """An error of another process, which judged it there.

    Attributes:
        kind: whose fault it was.
        retry_after: seconds that a provider asked to wait, if it did.
    """

    kind: FaultKind = "candidate"
    retry_after: float | None = None


@attrs.frozen(kw_only=True)
class Fault:
    """Whose fault an error was.

    Attributes:
        kind: ``"infrastructure"`` passes and is worth a retry, ``"model"`` means that a model cannot be
            used at all, ``"candidate"`` is everything else: the candidate's texts broke the system.
        type: class name of the error that was raised.
        message: what it says, in one line and without secrets.
        retry_after: seconds that the provider asked to wait, if it did.
    """

    kind: FaultKind
    type: str
    message: str
    retry_after: float | None = None


def classify(error: BaseException) -> Fault:
    """Whose fault ``error`` was.

    The error itself is asked first, then what caused it: ``__cause__``, ``__context__``, the members of
    an exception group. The first that says something counts, so that an app's own ``AppError`` raised
    from a rate limit is a rate limit. Libraries are known by names and attributes; none is imported.
    """
    decisive, kind = _decide(error, set())
    text = message_of(decisive, limit=2000)
    wait = _retry_after(error, decisive, text) if kind == "infrastructure" else None
    return Fault(kind=kind, type=type(error).__name__, message=message_of(error), retry_after=wait)


def root_of(error: BaseException) -> BaseException:
    """What an error goes back to: the innermost of what caused it."""
    return list(_chain(error))[-1]


def rejects_text(error: BaseException) -> bool:
    """Whether a provider refused what it was sent: too long for the model, or against its policy."""
    return any(_is_about_text(each) for each in _chain(error))


def as_model_error(error: Exception) -> Exception:
    """What a `LanguageModel` should raise for an error of the client behind it.

    Returns:
        An `InfrastructureFault`; a `ModelFault`, also for a request that a provider refuses for another
        reason than its text (an unknown parameter, say); or ``error`` itself where it is neither.
    """
    if isinstance(error, GepaError):
        return error
    fault = classify(error)
    if fault.kind == "infrastructure":
        return InfrastructureFault(describe(error), retry_after=fault.retry_after)
    refused = _from_provider(error) and status_of(error) is not None and not rejects_text(error)
    return ModelFault(describe(error)) if fault.kind == "model" or refused else error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what caused it, outermost first, each once; members of a group after the group."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
        waiting += _causes(current)


def _causes(error: BaseException) -> list[BaseException]:
    if error.__cause__ is not None:
        return [error.__cause__]
    if error.__context__ is not None and not error.__suppress_context__:
        return [error.__context__]
    return []


def _decide(error: BaseException, seen: set[int]) -> tuple[BaseException, FaultKind]:
    """The error that decides, and what it decides. Of a group's members the gravest fault counts."""
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, BaseExceptionGroup):
            verdicts = [_decide(member, seen) for member in current.exceptions]
            for kind in ("model", "infrastructure"):
                for decisive, verdict in verdicts:
                    if verdict == kind:
                        return decisive, verdict
        verdict_of_one = _verdict(current)
        if verdict_of_one is not None:
            return current, verdict_of_one
        current = next(iter(_causes(current)), None)
    return error, "candidate"


def _retry_after(error: BaseException, decisive: BaseException, text: str) -> float | None:
    if isinstance(decisive, InfrastructureFault | JudgedError):
        return decisive.retry_after
    waits = (retry_after_of(each, text) for each in (decisive, *_chain(error)))
    return next((wait for wait in waits if wait is not None), None)


def _verdict(error: BaseException) -> FaultKind | None:
    """What one error says by itself; None when it says nothing."""
    known = _known(error)
    if known is not None:
        return known
    if is_unreadable_answer(error):
        return "infrastructure"
    names = _names(error)
    status = status_of(error)
    if names & tables.CANDIDATE_NAMES:
        return "candidate"
    if status is not None:
        return _by_status(error, status)
    return _by_name(error, names) or _by_words(error)


def _names(error: BaseException) -> frozenset[str]:
    return frozenset(cls.__name__ for cls in type(error).__mro__)


def _from_provider(error: BaseException) -> bool:
    return any(cls.__module__.split(".")[0] in tables.PROVIDER_PACKAGES for cls in type(error).__mro__)


def _by_status(error: BaseException, status: int) -> FaultKind:
    text, code = message_of(error, limit=4000), code_of(error)
    if code in tables.TRANSIENT_CODES:
        return "infrastructure"
    if status in (401, 402, 407) or code in tables.UNUSABLE_CODES or _is_out_of_quota(text, code):
        return "model"
    if _is_about_text(error):
        return "candidate"
    if status >= 500 or status in tables.TRANSIENT_STATUS:
        return "infrastructure"
    if status in (403, 404):
        # A tool that fetches web pages meets these too, and that says nothing about a model.
        at_model = _from_provider(error) or tables.ENDPOINT_TEXT.search(text) is not None
    else:
        at_model = tables.UNUSABLE_TEXT.search(text) is not None
    return "model" if at_model else "candidate"


def _known(error: BaseException) -> FaultKind | None:
    """What an error of this library's own says."""
    if isinstance(error, JudgedError):
        return error.kind
    if isinstance(error, InfrastructureFault):
        return "infrastructure"
    return "model" if isinstance(error, ModelFault | ConfigurationError) else None


def _is_out_of_quota(text: str, code: str) -> bool:
    if not (tables.QUOTA_TEXT.search(text) or code == "insufficient_quota"):
        return False
    return not tables.PASSING_QUOTA_TEXT.search(text)


def _by_name(error: BaseException, names: frozenset[str]) -> FaultKind | None:
    code = code_of(error)
    if names & tables.UNUSABLE_NAMES or code in tables.UNUSABLE_CODES:
        return "model"
    if names & tables.TRANSIENT_NAMES or code in tables.TRANSIENT_CODES or isinstance(error, _PASSING):
        return "infrastructure"
    if isinstance(error, OSError) and error.errno in tables.TRANSIENT_ERRNO:
        return "infrastructure"
    return None


def _by_words(error: BaseException) -> FaultKind | None:
    """What a provider's error without a status says, such as one inside a stream."""
    if not _from_provider(error):
        return None
    text = message_of(error, limit=4000)
    if _is_about_text(error):
        return "candidate"
    if tables.UNUSABLE_TEXT.search(text) or _is_out_of_quota(text, code_of(error)):
        return "model"
    return "infrastructure" if tables.OVERLOAD_TEXT.search(text) else None


def _is_about_text(error: BaseException) -> bool:
    if _names(error) & {"ContextWindowExceededError", "ContentPolicyViolationError", "ContextOverflowError"}:
        return True
    status = status_of(error)
    if status not in (400, 413, 422, 429) and not (status is None and _from_provider(error)):
        return False
    text = message_of(error, limit=4000)
    if status == 429:
        # Larger than the account's limit per minute: no waiting makes it fit.
        return bool(tables.TOO_LONG_TEXT.search(text)) and not retry_after_of(error, text)
    return bool(tables.TOO_LONG_TEXT.search(text) or tables.POLICY_TEXT.search(text))
