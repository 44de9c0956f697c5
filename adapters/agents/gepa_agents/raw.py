"""Answers that an agent takes as the HTTP response: handed on as it is, written down when it is read."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

from gepa_agents.answers import Answer, answer_of
from gepa_agents.clients import Api
from gepa_agents.recorder import Entry
from gepa_agents.streams import Heard, recorded_stream

_HEADER = "x-stainless-raw-response"
"""How the clients of OpenAI's, Anthropic's and other packages tell themselves to give the response."""

_READ = frozenset(("parse", "json", "text", "read"))
_ITERATE = frozenset(("iter_lines", "iter_text", "iter_bytes"))


def is_raw(arguments: Mapping[str, Any]) -> bool:
    """Whether a call asks for the response, as by ``with_raw_response`` or ``with_streaming_response``."""
    headers = arguments.get("extra_headers")
    return isinstance(headers, Mapping) and any(str(name).lower() == _HEADER for name in headers)


class RawResponse:
    """Stands for a response of the client, sync or async.

    One whose body is there already is written down at once. Of any other, whatever the agent reads is: the
    parsed answer, JSON, text, bytes, or lines as they come.
    """

    def __init__(self, response: Any, entry: Entry, api: Api, *, is_stream: bool) -> None:
        self._response = response
        self._entry = entry
        self._api = api
        self._is_stream = is_stream
        self._streams: dict[int, Any] = {}
        self._read_so_far = b""
        entry.pending = self._settle
        body = None if is_stream else inspect.getattr_static(type(response), "content", None)
        if isinstance(body, property):  # of a response that is read whole
            self._hear(response.content)

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._response, name)
        if name in _READ and callable(held):
            return functools.partial(self._reading, held)
        if name in _ITERATE and callable(held):
            return functools.partial(self._iterating, held, b"\n" if name == "iter_lines" else b"")
        return held

    def _reading(self, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        result = method(*args, **options)
        return self._awaited(result) if inspect.isawaitable(result) else self._heard(result)

    async def _awaited(self, result: Awaitable[Any]) -> Any:
        return self._heard(await result)

    def _heard(self, value: Any) -> Any:
        if self._is_stream and (hasattr(value, "__next__") or hasattr(value, "__anext__")):
            # A client parses once and gives the same stream each time.
            stream = self._streams.get(id(value))
            if stream is None:
                stream = self._streams[id(value)] = recorded_stream(value, self._entry, self._api)
            return stream
        self._hear(value)
        return value

    def _iterating(self, method: Callable[..., Any], end: bytes, *args: Any, **options: Any) -> Any:
        pieces = method(*args, **options)
        return self._each_later(pieces, end) if hasattr(pieces, "__aiter__") else self._each(pieces, end)

    def _each(self, pieces: Iterator[Any], end: bytes) -> Iterator[Any]:
        for piece in pieces:
            self._read_so_far += _bytes(piece) + end
            yield piece
        self._entry.settle()

    async def _each_later(self, pieces: AsyncIterator[Any], end: bytes) -> AsyncIterator[Any]:
        async for piece in pieces:
            self._read_so_far += _bytes(piece) + end
            yield piece
        self._entry.settle()

    def _hear(self, value: Any) -> None:
        if self._entry.pending is not None:
            self._entry.pending = None
            is_body = isinstance(value, bytes | str)
            self._entry.answer(
                answer_in(_bytes(value), self._api) if is_body else answer_of(value, self._api)
            )

    def _settle(self) -> None:
        self._entry.answer(answer_in(self._read_so_far, self._api))


def answer_in(body: bytes, api: Api) -> Answer:
    """The answer in a response's body, or in what was read of it: JSON, or events that the server sends."""
    text = body.decode("utf-8", "replace")
    try:
        return answer_of(json.loads(text), api)
    except ValueError:
        pass
    heard = Heard(api)
    for line in text.splitlines():
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data and data != "[DONE]":
            try:
                heard.hear(json.loads(data))
            except ValueError:  # cut off
                break
    return heard.answer


def _bytes(piece: Any) -> bytes:
    return piece.encode() if isinstance(piece, str) else bytes(piece)
