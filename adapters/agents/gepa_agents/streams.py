"""Streams of a model's answer: handed on piece by piece, written down when they end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import attrs

from gepa_agents.answers import Answer, ToolRequest, answer_of, loaded, usage_of
from gepa_agents.clients import Api
from gepa_agents.reading import read
from gepa_agents.recorder import Entry
from gepa_core.types import Usage


def recorded_stream(stream: Any, entry: Entry, api: Api) -> Any:
    """``stream`` with its pieces written down; everything else about it stays.

    Its usage is unknown unless the app asks for it, as with ``stream_options={"include_usage": True}``.
    """
    return Stream(stream, entry, api)


@attrs.define(eq=False)
class Heard:
    """What has come out of a stream so far."""

    api: Api
    texts: list[str] = attrs.field(factory=list)
    calls: dict[Any, dict[str, str]] = attrs.field(factory=dict)
    usage: Usage | None = None
    sent: Usage | None = None
    whole: Answer | None = None

    def hear(self, piece: Any) -> None:
        """Take in the next piece; one that cannot be read is passed over."""
        if self.api in ("responses", "messages"):
            (self._event if self.api == "responses" else self._message_event)(piece)
            return
        usage = usage_of(piece)
        if not usage.unmetered:
            self.usage = usage
        for choice in (read(piece, "choices") or ())[:1]:
            delta = read(choice, "delta")
            text = read(delta, "content") if delta is not None else read(choice, "text")
            if isinstance(text, str):
                self.texts.append(text)
            for call in (read(delta, "tool_calls") if delta is not None else None) or ():
                self._call(call)

    def _event(self, event: Any) -> None:
        delta = read(event, "delta")
        if read(event, "type") == "response.output_text.delta" and isinstance(delta, str):
            self.texts.append(delta)
        response = read(event, "response")
        if read(event, "type") == "response.completed" and response is not None:
            self.whole = answer_of(response, "responses")

    def _message_event(self, event: Any) -> None:
        kind, delta = read(event, "type"), read(event, "delta")
        if kind == "message_start":
            self.sent = usage_of(read(event, "message"))
        elif kind == "message_delta":  # its counts are of all until then
            self._count(usage_of(event))
        elif kind == "content_block_start":
            self._block(read(event, "index"), read(event, "content_block"))
        elif kind == "content_block_delta" and read(delta, "type") == "text_delta":
            self.texts.append(str(read(delta, "text")))
        elif kind == "content_block_delta" and read(delta, "type") == "input_json_delta":
            held = self.calls.get(read(event, "index"))
            if held is not None:
                held["arguments"] += str(read(delta, "partial_json"))

    def _block(self, index: Any, block: Any) -> None:
        if read(block, "type") == "tool_use":
            self.calls[index] = {
                "id": str(read(block, "id")),
                "name": str(read(block, "name")),
                "arguments": "",
            }
        elif read(block, "type") == "text":
            self.texts.append(str(read(block, "text") or ""))

    def _count(self, usage: Usage) -> None:
        """What was sent is told at the beginning, and by some again at the end."""
        if self.sent is not None and not self.sent.unmetered:
            sent = usage.input_tokens or self.sent.input_tokens
            self.usage = attrs.evolve(usage, input_tokens=sent, unmetered=0)

    def _call(self, call: Any) -> None:
        held = self.calls.setdefault(read(call, "index") or 0, {"id": "", "name": "", "arguments": ""})
        function = read(call, "function")
        for key, value in (
            ("id", read(call, "id")),
            ("name", read(function, "name")),
            ("arguments", read(function, "arguments")),
        ):
            if isinstance(value, str):
                held[key] += value

    @property
    def _nothing(self) -> str:
        return "{}" if self.api == "messages" else ""

    @property
    def answer(self) -> Answer:
        """All of it."""
        if self.whole is not None:
            return self.whole
        requests = [
            ToolRequest(one["id"], one["name"], loaded(one["arguments"] or self._nothing))
            for one in self.calls.values()
        ]
        text = "".join(self.texts)
        return Answer(text=text, requests=requests, **({"usage": self.usage} if self.usage else {}))


class Stream:
    """Stands for a stream of the client, sync or async."""

    def __init__(self, stream: Any, entry: Entry, api: Api) -> None:
        self._stream = stream
        self._entry = entry
        self._heard = Heard(api)
        self._over = False
        entry.pending = self._end

    def _end(self, error: BaseException | None = None) -> None:
        if self._over:
            return
        self._over = True
        self._entry.pending = None
        self._entry.answer(self._heard.answer)
        if error is not None:
            self._entry.fail(error)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            piece = next(self._stream)
        except StopIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._heard.hear(piece)
        return piece

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            piece = await anext(self._stream)
        except StopAsyncIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._heard.hear(piece)
        return piece

    def __enter__(self) -> Stream:
        self._stream.__enter__()
        return self

    def __exit__(self, *raised: Any) -> Any:
        self._end(raised[1])
        return self._stream.__exit__(*raised)

    async def __aenter__(self) -> Stream:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> Any:
        self._end(raised[1])
        return await self._stream.__aexit__(*raised)

    def close(self) -> Any:
        """Stop early: what has come until now is written down."""
        self._end()
        return self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
