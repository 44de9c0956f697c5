"""Reading what comes out of a model call: text, calls of tools, usage, whole or from a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from gepa_agents.clients import Api
from gepa_agents.reading import read, texts_of
from gepa_core.jsonable import to_jsonable
from gepa_core.types import Json, Usage

UNKNOWN = Usage(calls=1, unmetered=1, unpriced=1)
"""The usage of a call that reports none."""


@attrs.frozen
class ToolRequest:
    """A call of a tool that a model asked for."""

    id: str
    name: str
    arguments: Json


@attrs.frozen(kw_only=True)
class Answer:
    """What a model answered."""

    text: str = ""
    requests: Sequence[ToolRequest] = ()
    usage: Usage = UNKNOWN

    @property
    def output(self) -> Json:
        """The text, or text and tool calls."""
        text = to_jsonable(self.text)
        if not self.requests:
            return text
        calls: list[Json] = [{"name": one.name, "args": one.arguments} for one in self.requests]
        return {"text": text, "tool_calls": calls}


def answer_of(response: Any, api: Api) -> Answer:
    """Read a whole response; what cannot be read is shown as it is."""
    try:
        text, requests = _READERS[api](response)
        return Answer(text=text, requests=requests, usage=usage_of(response))
    except Exception:
        return Answer(text=str(to_jsonable(response)))


def _chat(response: Any) -> tuple[str, list[ToolRequest]]:
    message = read(read(response, "choices")[0], "message")
    return "".join(texts_of(read(message, "content"))), list(_chat_requests(message))


def _chat_requests(message: Any) -> Iterator[ToolRequest]:
    for call in read(message, "tool_calls") or ():
        function = read(call, "function")
        yield ToolRequest(
            str(read(call, "id")), str(read(function, "name")), loaded(read(function, "arguments"))
        )
    old = read(message, "function_call")
    if old is not None:
        yield ToolRequest("", str(read(old, "name")), loaded(read(old, "arguments")))


def _responses(response: Any) -> tuple[str, list[ToolRequest]]:
    items = list(read(response, "output") or ())
    text = "".join(text for item in items for text in texts_of(read(item, "content")))
    calls = [item for item in items if read(item, "type") == "function_call"]
    return text, [
        ToolRequest(str(read(one, "call_id")), str(read(one, "name")), loaded(read(one, "arguments")))
        for one in calls
    ]


def _messages(response: Any) -> tuple[str, list[ToolRequest]]:
    blocks = list(read(response, "content") or ())
    calls = [block for block in blocks if read(block, "type") == "tool_use"]
    return "".join(texts_of(blocks)), [
        ToolRequest(str(read(one, "id")), str(read(one, "name")), to_jsonable(read(one, "input")))
        for one in calls
    ]


def _text(response: Any) -> tuple[str, list[ToolRequest]]:
    return str(read(read(response, "choices")[0], "text")), []


_READERS = {"chat": _chat, "responses": _responses, "messages": _messages, "text": _text}


def loaded(arguments: Any) -> Json:
    """A tool call's arguments, which models write as JSON in a string."""
    try:
        return to_jsonable(json.loads(arguments) if isinstance(arguments, str) else arguments)
    except ValueError:
        return to_jsonable(arguments)


def usage_of(response: Any) -> Usage:
    """What a response, or the last part of a stream, says that it used."""
    counts = read(response, "usage")
    sent = _number(counts, "prompt_tokens", "input_tokens")
    received = _number(counts, "completion_tokens", "output_tokens")
    hidden = getattr(response, "_hidden_params", None)
    price = hidden.get("response_cost") if isinstance(hidden, dict) else None
    priced = isinstance(price, int | float) and not isinstance(price, bool) and price > 0
    return Usage(
        calls=1,
        input_tokens=sent or 0,
        output_tokens=received or 0,
        dollars=float(price) if priced and price is not None else 0.0,
        unmetered=int(sent is None or received is None),
        unpriced=int(not priced),
    )


def _number(counts: Any, *names: str) -> int | None:
    values = (read(counts, name) for name in names)
    return next((value for value in values if isinstance(value, int)), None)
