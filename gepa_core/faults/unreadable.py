"""Telling a provider's answer that is no JSON from a text of the model that is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType

from gepa_core.faults import tables

_READERS = frozenset({"httpx", "requests", "aiohttp"})
"""Root packages whose responses turn their body into JSON."""


def is_unreadable_answer(error: BaseException) -> bool:
    """Whether a provider's client met an answer that is no JSON, as a proxy or an outage makes it.

    The clients raise what `json` raises, and so do apps that cannot parse what a model wrote. Only the
    traceback tells them apart: here a provider's client asked an HTTP response, or an event of a stream,
    to read itself.
    """
    if not isinstance(error, json.JSONDecodeError):
        return False
    modules = [name for name in _modules(error.__traceback__) if name.split(".")[0] != "json"]
    if not modules or not any(_root(name) in tables.PROVIDER_PACKAGES for name in modules):
        return False
    reader = modules[-1]
    streams = _root(reader) in tables.PROVIDER_PACKAGES and reader.rpartition(".")[2] == "_streaming"
    return streams or _root(reader) in _READERS


def _modules(traceback: TracebackType | None) -> Iterator[str]:
    """The modules that an error came through, outermost first."""
    while traceback is not None:
        yield str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next


def _root(module: str) -> str:
    return module.split(".", maxsplit=1)[0]
