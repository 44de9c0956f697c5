"""Reading LangChain's messages, answers and reports of usage."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from pydantic import TypeAdapter

from gepa_core.jsonable import Limits, to_jsonable
from gepa_core.types import Json, StepKind, Usage
from gepa_langchain.annotations import is_data_class
from gepa_langchain.attribution import SCHEMA_ROLE, Part

_WITH_SCHEMAS = ("tools", "functions", "response_format")
_EXTRAS = ("name", "tool_calls", "tool_call_id", "status")
_PARAMETERS = frozenset(("parameters", "input_schema", "function", "schema"))


def parts_of(message: BaseMessage) -> Iterator[Part]:
    """The texts of a message with its role: one, or one for each text block."""
    role = message.role if isinstance(message, ChatMessage) else message.type
    if isinstance(message.content, str):
        yield role, message.content
        return
    for block in message.content:
        text = block if isinstance(block, str) else block.get("text")
        if isinstance(text, str):
            yield role, text


def offered_in(params: Mapping[str, Any]) -> tuple[dict[str, Json], Sequence[Part]]:
    """The tools and the response format that a model is called with, and the descriptions in them."""
    found = {key: _offered(params[key]) for key in _WITH_SCHEMAS if params.get(key)}
    parts = [part for _, descriptions in found.values() for part in descriptions]
    return {key: value for key, (value, _) in found.items()}, parts


def _offered(value: Any) -> tuple[Json, Sequence[Part]]:
    """A class stands for the schema that the client makes of it."""
    if is_data_class(value):
        schema = TypeAdapter(value).json_schema()
        value = {"type": "json_schema", "json_schema": {"name": value.__name__, "schema": schema}}
    try:
        return _read(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return _with_descriptions(to_jsonable(value))


@functools.lru_cache(maxsize=256)
def _read(text: str) -> tuple[Json, Sequence[Part]]:
    """Agents offer the same tools in each turn and each rollout: those are read once."""
    return _with_descriptions(to_jsonable(json.loads(text)))


def _with_descriptions(value: Json) -> tuple[Json, Sequence[Part]]:
    return value, tuple(_descriptions_in(value, ""))


def inputs_of(messages: Sequence[BaseMessage], offered: Mapping[str, Json]) -> Json:
    """What a model was sent: its messages; with what it was offered where there is any."""
    few = len(messages) <= Limits().items
    said = [_said(message) for message in messages] if few else to_jsonable(messages)
    return {"messages": said, **offered} if offered else said


def _said(message: BaseMessage) -> Json:
    """A message as `to_jsonable` writes it, without asking every object of every framework what it is."""
    held = message.__dict__
    role = message.role if isinstance(message, ChatMessage) else message.type
    extras = {name: held[name] for name in _EXTRAS if held.get(name)}
    return {
        "role": role,
        "content": to_jsonable(held["content"]),
        **{name: to_jsonable(value) for name, value in extras.items()},
    }


def _descriptions_in(value: Json, name: str) -> Iterator[Part]:
    if isinstance(value, dict):
        own = value.get("name")
        if isinstance(own, str) and not _PARAMETERS.isdisjoint(value):
            name = own
        for key, held in value.items():
            if key == "description" and isinstance(held, str):
                yield SCHEMA_ROLE + name, held
            else:
                yield from _descriptions_in(held, name)
    elif isinstance(value, list):
        for held in value:
            yield from _descriptions_in(held, name)


def answer_of(response: LLMResult) -> Json:
    """What a model answered: its text, or text and tool calls."""
    for generation in (one for candidates in response.generations for one in candidates):
        if not isinstance(generation, ChatGeneration):
            return to_jsonable(generation.text)
        return answer_of_message(generation.message)
    return None


def answer_of_message(message: BaseMessage) -> Json:
    """The text of an answer, with its tool calls where there are any."""
    text = str(message.text)
    calls = [*message.tool_calls, *message.invalid_tool_calls] if isinstance(message, AIMessage) else []
    if not calls:
        return to_jsonable(text)
    return {
        "text": to_jsonable(text),
        "tool_calls": [{"name": call["name"], "args": to_jsonable(call["args"])} for call in calls],
    }


def usage_of(response: LLMResult) -> Usage:
    """Tokens as the provider reports them; what is not reported is unknown."""
    for generation in (one for candidates in response.generations for one in candidates):
        if isinstance(generation, ChatGeneration):
            usage = usage_of_message(generation.message)
            if not usage.unmetered:
                return usage
    output = response.llm_output or {}
    return _usage(
        output.get("token_usage") or output.get("usage") or {}, "prompt_tokens", "completion_tokens"
    )


def usage_of_message(message: BaseMessage) -> Usage:
    """What a model's message says that it used."""
    metadata = message.usage_metadata if isinstance(message, AIMessage) else None
    return _usage(metadata or {}, "input_tokens", "output_tokens")


def _usage(counts: Mapping[str, Any], sent: str, received: str) -> Usage:
    given, answered = counts.get(sent), counts.get(received)
    if not isinstance(given, int) or not isinstance(answered, int):
        return Usage(calls=1, unmetered=1, unpriced=1)
    return Usage(calls=1, input_tokens=given, output_tokens=answered, unpriced=1)


def name_of(kind: StepKind, serialized: Mapping[str, Any] | None, about: Mapping[str, Any]) -> str:
    """What a run is called: for a model the provider's name of it, else the run's own."""
    if kind == "model":
        params, metadata = about.get("invocation_params") or {}, about.get("metadata") or {}
        for name in (params.get("model"), params.get("model_name"), metadata.get("ls_model_name")):
            if isinstance(name, str) and name:
                return name
    described = serialized or {}
    path = described.get("id") or [""]
    return str(about.get("name") or described.get("name") or path[-1] or kind)
