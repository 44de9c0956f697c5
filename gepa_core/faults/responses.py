"""Status, error code and waiting time, read from whatever an HTTP client hung on its error."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

_WAIT_TEXT = re.compile(
    r"(?:retry|try again) (?:in|after) (?:(?P<minutes>\d+)m(?!s))?\s*"
    r"(?:(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>ms|s\b|sec))?",
    re.IGNORECASE,
)


def attribute(value: object, name: str) -> Any:
    """A foreign object's attribute; None when it has none or reading it fails."""
    try:
        return getattr(value, name, None)
    except Exception:  # httpx raises RuntimeError from `.request` when none was set
        return None


def _as_mapping(value: object) -> Mapping[str, Any]:
    if value is None or isinstance(value, Mapping):
        return value or {}
    from email.message import Message  # the headers that urllib gives

    return dict(value.items()) if isinstance(value, Message) else {}


def status_of(error: BaseException) -> int | None:
    """The HTTP status (400 to 599) that an error speaks of, if it does.

    Known places: ``status_code`` (openai, anthropic, litellm, ollama), ``status`` (aiohttp), ``code``
    (google, urllib), the same on ``response`` (httpx, requests), botocore's ``response`` mapping.
    """
    response = attribute(error, "response")
    metadata = _as_mapping(_as_mapping(response).get("ResponseMetadata"))
    places = [
        attribute(place, name) for place in (error, response) for name in ("status_code", "status", "code")
    ]
    for value in (*places, metadata.get("HTTPStatusCode")):
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return int(value)
    return None


def code_of(error: BaseException) -> str:
    """A provider's own word for the error: botocore's error code, gRPC's status name; else empty."""
    details = _as_mapping(_as_mapping(attribute(error, "response")).get("Error"))
    if isinstance(details.get("Code"), str):
        return str(details["Code"])
    code = attribute(error, "code")
    if callable(code) and any(cls.__module__.split(".")[0] == "grpc" for cls in type(error).__mro__):
        return str(attribute(code(), "name") or "")
    return code if isinstance(code, str) else ""


def _headers_of(error: BaseException) -> Iterator[Mapping[str, Any]]:
    response = attribute(error, "response")
    yield _as_mapping(attribute(response, "headers"))
    yield _as_mapping(attribute(error, "headers"))
    yield _as_mapping(attribute(error, "litellm_response_headers"))
    yield _as_mapping(_as_mapping(_as_mapping(response).get("ResponseMetadata")).get("HTTPHeaders"))


def _seconds(value: str, now: float) -> float | None:
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _from_text(text: str) -> float | None:
    match = _WAIT_TEXT.search(text)
    if match is None or not (match["minutes"] or match["amount"]):
        return None
    amount = float(match["amount"] or 0)
    scale = 0.001 if (match["unit"] or "").lower() == "ms" else 1.0
    return 60.0 * float(match["minutes"] or 0) + amount * scale


def retry_after_of(error: BaseException, text: str, *, now: float | None = None) -> float | None:
    """Seconds that a provider asked to wait: from ``Retry-After`` (seconds or a date), else from its words.

    Args:
        error: the error whose response's headers are read.
        text: the error's message, for providers that say "try again in 1.5s" in it only.
        now: seconds since the epoch, for dates; the present when None.
    """
    for headers in _headers_of(error):
        found = {str(name).lower(): str(value) for name, value in headers.items()}
        if "retry-after-ms" in found and (wait := _seconds(found["retry-after-ms"], 0.0)) is not None:
            return wait / 1000
        if "retry-after" in found:
            wait = _seconds(found["retry-after"], time.time() if now is None else now)
            if wait is not None:
                return wait
    return _from_text(text)
