"""What LlamaIndex's objects say, as JSON for a trajectory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.tools import ToolOutput
from llama_index.core.workflow import Context

from gepa_core.jsonable import Limits, to_jsonable
from gepa_core.types import Json

_PASSAGE = Limits(chars=2_000)
_OFFERED = ("tools", "functions", "response_format")


def message_json(message: ChatMessage) -> Json:
    """A message with its role, its text, and what else it carries, such as tool calls."""
    said: dict[str, Json] = {"role": str(message.role.value), "content": to_jsonable(message.content or "")}
    others = [block for block in message.blocks if not isinstance(block, TextBlock)]
    if others:
        said["blocks"] = to_jsonable(others)
    extras = {key: value for key, value in message.additional_kwargs.items() if value}
    if extras:
        said["additional_kwargs"] = to_jsonable(extras)
    return said


def prompt_json(prompt: object) -> Json:
    """What a model was sent: messages, or a text."""
    if isinstance(prompt, list | tuple) and all(isinstance(one, ChatMessage) for one in prompt):
        return [message_json(one) for one in prompt]
    return to_jsonable(prompt)


def model_json(prompt: object, options: Mapping[str, Any]) -> Json:
    """What a model was sent: its messages or text; with the tools that it was offered, if any were."""
    offered = {name: to_jsonable(options[name]) for name in _OFFERED if options.get(name)}
    said = prompt_json(prompt)
    return {"messages": said, **offered} if offered else said


def parts_of(prompt: object) -> list[tuple[str, str]]:
    """Role and text of each message and each of its text blocks; the role of a plain prompt is empty."""
    if not isinstance(prompt, list | tuple):
        return [("", str(prompt))]
    parts: list[tuple[str, str]] = []
    for message in prompt:
        if isinstance(message, ChatMessage):
            role = str(message.role.value)
            texts = [block.text for block in message.blocks if isinstance(block, TextBlock)]
            parts.extend((role, text) for text in texts)
            if len(texts) > 1:
                parts.append((role, "\n".join(texts)))
    return parts


def strings_in(value: object) -> Iterable[str]:
    """Every string in nested containers, such as the descriptions in the tools that a model was given."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from strings_in(held)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from strings_in(held)


def answer_json(response: object) -> Json:
    """What a model answered."""
    if isinstance(response, ChatResponse):
        return message_json(response.message)
    if isinstance(response, CompletionResponse):
        return to_jsonable(response.text)
    return to_jsonable(response)


def query_json(query: object) -> Json:
    """What a retriever was asked."""
    if isinstance(query, QueryBundle):
        extra = [text for text in query.custom_embedding_strs or () if text != query.query_str]
        if extra:
            return {"query": query.query_str, "embedded": to_jsonable(extra)}
        return query.query_str
    return to_jsonable(query)


def nodes_json(nodes: object) -> Json:
    """Retrieved passages: id, score and text, cut where it is long."""
    if not isinstance(nodes, list | tuple):
        return to_jsonable(nodes)
    return [
        {
            "id": one.node.node_id,
            "score": None if one.score is None else round(float(one.score), 6),
            "text": to_jsonable(_text_of(one), _PASSAGE),
        }
        if isinstance(one, NodeWithScore)
        else to_jsonable(one, _PASSAGE)
        for one in nodes
    ]


def _text_of(one: NodeWithScore) -> str:
    text: str = one.node.get_content()
    return text


def arguments_json(arguments: Mapping[str, Any]) -> Json:
    """What a tool was called with, without the workflow's context."""
    given: dict[str, Any] = {}
    for name, value in arguments.items():
        if name == "kwargs" and isinstance(value, Mapping):
            given.update(value)
        elif name == "args" and isinstance(value, tuple):
            given.update({"args": list(value)} if value else {})
        else:
            given[name] = value
    return to_jsonable({name: value for name, value in given.items() if not isinstance(value, Context)})


def tool_json(output: object) -> tuple[Json, str]:
    """What a tool returned, and the error that it reported, if it did."""
    if isinstance(output, ToolOutput):
        said = to_jsonable(output.content)
        return said, str(said) if output.is_error else ""
    return to_jsonable(output), ""
