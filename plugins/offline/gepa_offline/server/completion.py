"""Writing an answer in the OpenAI chat protocol, whole or as a stream of chunks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import attrs

from gepa_offline.model import SimulatedModel
from gepa_offline.prompt import Answer, Prompt
from gepa_offline.server.request import ChatRequest
from gepa_offline.tokens import count_answer, count_prompt

_WORDS = re.compile(r"\s*\S+|\s+")


@attrs.frozen(kw_only=True)
class ChatCompletion:
    """An answer with all that the protocol says about it."""

    id: str
    created: int
    model: str
    text: str
    tool_calls: tuple[dict[str, Any], ...]
    finish_reason: str
    usage: dict[str, int]

    def body(self) -> dict[str, Any]:
        """The answer as one JSON object."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None, "refusal": None}
        if self.tool_calls:
            message["tool_calls"] = list(self.tool_calls)
        else:
            message["content"] = self.text
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage}

    def events(self, *, include_usage: bool) -> Iterator[bytes]:
        """The answer as server-sent events: role, words or calls, the reason of its end, usage if wanted."""
        yield self._event({"role": "assistant", "content": None if self.tool_calls else ""})
        for word in _WORDS.findall(self.text):
            yield self._event({"content": word})
        for position, call in enumerate(self.tool_calls):
            yield self._event({"tool_calls": [{"index": position, **call}]})
        yield self._event({}, self.finish_reason)
        if include_usage:
            yield _line({**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage})
        yield b"data: [DONE]\n\n"

    def _event(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _line({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        head = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        return {**head, "system_fingerprint": "simulated"}


def _line(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def complete(model: SimulatedModel, request: ChatRequest) -> ChatCompletion:
    """Let the simulated model answer a request."""
    prompt = Prompt.of(request.messages, request.tools)
    answer = model.complete(request.messages, model=request.model, tools=request.tools)
    text, cut = _limited(answer.text, request.max_tokens)
    answer = attrs.evolve(answer, text=text)
    used, written = count_prompt(prompt), count_answer(answer)
    name = sha256(prompt.key.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return ChatCompletion(
        id=f"chatcmpl-{name}",
        created=int(time.time()),
        model=request.model,
        text=answer.text,
        tool_calls=_tool_calls(answer, name),
        finish_reason="tool_calls" if answer.tool_calls else "length" if cut else "stop",
        usage={"prompt_tokens": used, "completion_tokens": written, "total_tokens": used + written},
    )


def _limited(text: str, max_tokens: int | None) -> tuple[str, bool]:
    if max_tokens is None or len(text) <= 4 * max_tokens:
        return text, False
    return text[: 4 * max_tokens], True


def _tool_calls(answer: Answer, name: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "id": f"call_{name}{position}",
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments))},
        }
        for position, call in enumerate(answer.tool_calls)
    )
