"""Reading what goes into a model call: messages, instructions, tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gepa_core.jsonable import to_jsonable
from gepa_core.types import Json

Part: TypeAlias = tuple[str, str]
"""Role and text of a message, or of one text block of it. The role of a plain prompt is empty."""

MESSAGES = ("messages", "input", "prompt")
"""Arguments that hold a conversation."""
INSTRUCTIONS = ("instructions", "system")
"""Arguments that hold a system message by itself."""


def inputs_of(arguments: Mapping[str, Any]) -> Json:
    """A call's messages, or messages and tools where tools are offered."""
    messages: list[Any] = [
        {"role": "system", "content": arguments[name]} for name in INSTRUCTIONS if _given(arguments, name)
    ]
    for name in MESSAGES:
        held = arguments.get(name)
        if isinstance(held, str):
            messages.append({"role": "user", "content": held})
        elif isinstance(held, Sequence):
            messages.extend(held)
    tools = [tool_function(tool) for tool in tools_in(arguments)]
    plain = to_jsonable(messages)
    return {"messages": plain, "tools": to_jsonable(tools)} if tools else plain


def _given(arguments: Mapping[str, Any], name: str) -> bool:
    return isinstance(arguments.get(name), str | list) and bool(arguments[name])


def parts_of(arguments: Mapping[str, Any]) -> list[Part]:
    """The texts that go to the model, with their roles."""
    found: list[Part] = []
    for name in INSTRUCTIONS:
        found.extend(("system", text) for text in texts_of(arguments.get(name)))
    for name in MESSAGES:
        held = arguments.get(name)
        if isinstance(held, str):
            found.append(("user" if name == "input" else "", held))
        elif isinstance(held, Sequence):
            found.extend(part for message in held for part in _parts_of_message(message))
    return found


def _parts_of_message(message: Any) -> Iterator[Part]:
    role, content = read(message, "role"), read(message, "content")
    yield from ((role if isinstance(role, str) else "", text) for text in texts_of(content))


def texts_of(content: Any) -> Iterator[str]:
    """The text of a message's content: itself, or its text blocks."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Sequence):
        for block in content:
            text = block if isinstance(block, str) else read(block, "text")
            if isinstance(text, str):
                yield text


def read(value: Any, name: str) -> Any:
    """A field of a dict or of a response object; None when it is not there."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def tools_in(arguments: Mapping[str, Any]) -> Sequence[Any]:
    """The tools, and functions in the old way, that a call offers."""
    offered = [arguments.get(name) for name in ("tools", "functions")]
    return [tool for tools in offered if isinstance(tools, list | tuple) for tool in tools]


def tool_function(tool: Any) -> Any:
    """Name, description and parameters of a tool, without what is wrapped around them."""
    inner = read(tool, "function")
    return inner if isinstance(inner, Mapping) else tool


def descriptions_in(value: Any, depth: int = 0) -> Iterator[str]:
    """Every description in a tool or in a schema of its arguments."""
    if depth > 12:
        return
    if isinstance(value, Mapping):
        for key, held in value.items():
            if key == "description" and isinstance(held, str):
                yield held
            else:
                yield from descriptions_in(held, depth + 1)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from descriptions_in(held, depth + 1)


def tool_results(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Pairs of a tool call's id and its result, as the conversation tells them."""
    for name in ("messages", "input"):
        held = arguments.get(name)
        for message in held if isinstance(held, list | tuple) else ():
            if read(message, "role") == "tool":
                yield str(read(message, "tool_call_id")), read(message, "content")
            elif read(message, "type") == "function_call_output":
                yield str(read(message, "call_id")), read(message, "output")
            elif isinstance(read(message, "content"), list):
                for block in read(message, "content"):
                    if read(block, "type") == "tool_result":
                        yield str(read(block, "tool_use_id")), read(block, "content")
