"""Errors that cross from one process to another and still say what they said, and whose fault they were.

Most errors of providers' clients do not survive `pickle`, and none keeps its cause or its traceback, by
which faults are told apart.
"""

from __future__ import annotations

import functools
from typing import Any

from gepa_core.errors import GepaError
from gepa_core.faults.classify import JudgedError, classify, root_of
from gepa_core.redaction import redact

_MOST = 20_000
"""Characters of a message that are carried."""


def portable(error: Exception) -> Exception:
    """An error that survives `pickle`, and that is judged and described as ``error`` is.

    Its class has the same name and is another one. What was raised by the library on purpose crosses as
    it is. Of what caused it only the innermost error is carried.
    """
    if isinstance(error, ExceptionGroup):
        return ExceptionGroup(_said(error.message), [portable(member) for member in error.exceptions])
    if isinstance(error, GepaError | JudgedError):
        return error
    fault, root = classify(error), root_of(error)
    cause = None if root is error else _rebuilt(type(root).__name__, _said(root), fault.kind, None, None)
    return _rebuilt(type(error).__name__, _said(error), fault.kind, fault.retry_after, cause)


def _said(error: object) -> str:
    """The whole message, since the reader shortens it, without what only this process knows for a secret."""
    try:
        return redact(str(error)[:_MOST])
    except Exception:  # as `message_of` says of it
        return "(its message cannot be shown)"


def _rebuilt(
    name: str, message: str, kind: Any, retry_after: float | None, cause: Exception | None
) -> JudgedError:
    error = _named(name)(message)
    error.kind, error.retry_after, error.__cause__ = kind, retry_after, cause
    return error


@functools.lru_cache(maxsize=256)
def _named(name: str) -> type[JudgedError]:
    return type(name, (JudgedError,), {"__reduce__": _reduce})


def _reduce(error: JudgedError) -> tuple[Any, ...]:
    arguments = (type(error).__name__, str(error), error.kind, error.retry_after, error.__cause__)
    return _rebuilt, arguments
