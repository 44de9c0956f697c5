"""Clients that are laid out as OpenAI's is, answer what they are told and remember what they are sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any


def message(
    text: str = "", *calls: tuple[str, dict[str, Any]], usage: tuple[int, int] | None = (7, 3)
) -> Any:
    """A response of the chat protocol."""
    tool_calls = [
        SimpleNamespace(
            id=f"call_{name}_{number}", function=SimpleNamespace(name=name, arguments=json.dumps(arguments))
        )
        for number, (name, arguments) in enumerate(calls)
    ]
    said = SimpleNamespace(role="assistant", content=text or None, tool_calls=tool_calls or None)
    counts = SimpleNamespace(prompt_tokens=usage[0], completion_tokens=usage[1]) if usage else None
    return SimpleNamespace(choices=[SimpleNamespace(message=said)], usage=counts)


class Endpoint:
    """One method of a client."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def __call__(self, **arguments: Any) -> Any:
        self.sent.append(json.loads(json.dumps(arguments, default=vars)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def __copy__(self) -> Endpoint:
        raise AssertionError("a client was copied")

    __deepcopy__ = __copy__


def chat(*answers: Any) -> tuple[Any, Endpoint]:
    """A client whose ``chat.completions.create`` gives ``answers`` in turn, the last one for ever."""
    endpoint = Endpoint(*answers)
    return SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=endpoint))), endpoint


def responses(*answers: Any) -> tuple[Any, Endpoint]:
    """The same for ``responses.create``."""
    endpoint = Endpoint(*answers)
    return SimpleNamespace(responses=SimpleNamespace(create=endpoint)), endpoint


class Chunks:
    """A stream of the chat protocol, sync or async, which can be closed."""

    def __init__(self, *pieces: Any) -> None:
        self._pieces = iter(pieces)
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        piece = next(self._pieces)
        if isinstance(piece, Exception):
            raise piece
        return piece

    def __aiter__(self) -> Chunks:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None

    def __enter__(self) -> Chunks:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


def chunk(text: str | None = None, call: tuple[int, str, str, str] | None = None, usage: Any = None) -> Any:
    """A piece of a stream: text, a piece of a tool call (index, id, name, arguments), or the usage."""
    calls = None
    if call is not None:
        index, call_id, name, arguments = call
        function = SimpleNamespace(name=name or None, arguments=arguments)
        calls = [SimpleNamespace(index=index, id=call_id or None, function=function)]
    delta = SimpleNamespace(content=text, tool_calls=calls)
    choices = [] if usage is not None else [SimpleNamespace(delta=delta)]
    counts = SimpleNamespace(prompt_tokens=usage[0], completion_tokens=usage[1]) if usage else None
    return SimpleNamespace(choices=choices, usage=counts)
