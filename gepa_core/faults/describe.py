"""An error in one line, without keys, headers or memory addresses."""

from __future__ import annotations

import re

from gepa_core.redaction import redact

_MOST = 20_000
"""Characters of a message that are looked at: some errors carry whole documents."""
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,}")


def scrub_addresses(text: str) -> str:
    """``text`` without the memory addresses of default reprs, which differ from process to process."""
    return _ADDRESS.sub("at 0x…", text) if "at 0x" in text else text


def message_of(error: BaseException, *, limit: int = 500) -> str:
    """What an error says, in one line of at most ``limit`` characters; may be empty."""
    try:
        raw = str(error)
    except Exception:  # a broken __str__ must not hide the error that it belongs to
        raw = "(its message cannot be shown)"
    line = " ".join(scrub_addresses(redact(raw[:_MOST])).split())
    if len(line) <= limit:
        return line
    tail = limit // 3
    return f"{line[: limit - tail - 3]} … {line[-tail:]}"


def describe(error: BaseException, *, limit: int = 500) -> str:
    """An error's type and message in one short line, fit for a log, a report or a prompt.

    An exception group with one member is described as that member.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    name, message = type(error).__name__, message_of(error, limit=limit)
    # Some clients begin their messages with the type's name, more than once.
    message = re.sub(rf"^(?:(?:\w+\.)*{re.escape(name)}: )+", "", message)
    return f"{name}: {message}" if message else name
