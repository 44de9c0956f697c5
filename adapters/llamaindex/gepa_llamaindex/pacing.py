"""Asking before each call of a model, and telling how it ended."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from llama_index.core.base.llms.base import BaseLLM

from gepa_core.pacing import Call
from gepa_llamaindex.usage import usage_of


def model_name(model: BaseLLM) -> str:
    """What a model's metadata, which may be the app's own code, call it; else its class's name."""
    name: object = ""
    with contextlib.suppress(Exception):
        name = model.metadata.model_name
    return str(name) if name not in (None, "", "unknown") else type(model).__name__


@contextlib.contextmanager
def failing(call: Call) -> Iterator[None]:
    """Tell of an error."""
    try:
        yield
    except Exception as error:
        call.fail(error)
        raise


def ended(call: Call, response: Any) -> Any:
    """``response``, which was told of."""
    call.end(usage_of(response))
    return response


def streamed(call: Call, pieces: Any) -> Iterator[Any]:
    """``pieces``, told of when they have been read, as far as the app reads them."""
    last: object = None
    try:
        with failing(call):
            for last in pieces:
                yield last
    finally:
        call.end(usage_of(last))


async def astreamed(call: Call, pieces: Any) -> AsyncIterator[Any]:
    """The same of an async stream."""
    last: object = None
    try:
        with failing(call):
            async for last in pieces:
                yield last
    finally:
        call.end(usage_of(last))
