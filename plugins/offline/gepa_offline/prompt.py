"""The prompt that a model gets: messages of the OpenAI chat protocol, and the tools offered with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import attrs

MessageDict: TypeAlias = Mapping[str, Any]
ToolDict: TypeAlias = Mapping[str, Any]


def text_of(content: object) -> str:
    """The text of a message's content: a string, or a list of parts of which the text parts count."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = [part for part in content if isinstance(part, Mapping)]
        return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
    return ""


@attrs.frozen
class Prompt:
    """Everything that the simulated model knows when it answers.

    Attributes:
        turns: role and text of each message, in order.
        tools: the tools offered, as in the OpenAI protocol.
    """

    turns: tuple[tuple[str, str], ...]
    tools: tuple[ToolDict, ...] = ()

    @classmethod
    def of(cls, messages: Sequence[MessageDict], tools: Sequence[ToolDict] = ()) -> Prompt:
        """From messages of the OpenAI protocol. ``developer`` counts as ``system``."""
        turns = []
        for message in messages:
            role = str(message.get("role", "user"))
            turns.append(("system" if role == "developer" else role, text_of(message.get("content"))))
        return cls(tuple(turns), tuple(tools))

    @property
    def key(self) -> str:
        """The whole prompt as one string: what random draws are made from."""
        tools = repr(self.tools) if self.tools else ""  # of JSON values: the same in every process
        return "\0".join(f"{role}\1{text}" for role, text in self.turns) + tools

    @property
    def said_to_model(self) -> str:
        """The texts of all system and user messages, in order: where instructions and inputs are."""
        return "\n".join(text for role, text in self.turns if role in ("system", "user"))

    @property
    def whole(self) -> str:
        """The texts of all messages."""
        return "\n".join(text for _, text in self.turns)


@attrs.frozen(kw_only=True)
class ToolCall:
    """A call of a tool that the model asks for."""

    name: str
    arguments: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Answer:
    """What a model answers: a text, or calls of tools."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
