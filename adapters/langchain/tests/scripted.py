"""A chat model that follows a script of tool calls and remembers what it was sent, tools included."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

Call = tuple[str, dict[str, Any]]


class Client:
    """What a real model has: a connection, which nobody may copy."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __copy__(self) -> Client:
        raise AssertionError("a client was copied")

    def __deepcopy__(self, memo: Any = None) -> Client:
        raise AssertionError("a client was copied")


class ScriptedModel(BaseChatModel):
    """Calls the tools of ``script``, one in each turn, then answers with ``answer``, after ``delay`` seconds.

    A turn is known by the tool messages that the conversation has, so that rollouts at once do not disturb
    each other. ``repeat`` makes it call the first tool for ever. ``clients`` are those that calls went
    through, by their id.
    """

    script: Sequence[Call] = ()
    answer: str = "done"
    repeat: bool = False
    delay: float = 0.0
    client: Any = Field(default_factory=Client)
    clients: set[int] = Field(default_factory=set)
    _seen: list[tuple[list[BaseMessage], dict[str, Any]]] = PrivateAttr(default_factory=list)

    @property
    def calls(self) -> list[str]:
        """What it was sent in each call, as text: messages, tools, response format."""
        return [
            _without_ids(json.dumps([[message.content for message in said], options], default=str))
            for said, options in self._seen
        ]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def sent(self) -> str:
        """All that it was ever sent, as one text: messages, tools, response formats."""
        return json.dumps(
            [[[message.content for message in said], options] for said, options in self._seen], default=str
        )

    @property
    def conversations(self) -> list[list[BaseMessage]]:
        return [said for said, _ in self._seen]

    def forget(self) -> None:
        self._seen.clear()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        bound = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=bound, **({"tool_choice": tool_choice} if tool_choice else {}), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """The same answer letter by letter; the usage comes last."""
        del stop, run_manager
        reply = self._reply(messages, kwargs)
        for letter in str(reply.content):
            yield ChatGenerationChunk(message=AIMessageChunk(content=letter))
        calls = [
            tool_call_chunk(name=one["name"], args=json.dumps(one["args"]), id=one["id"], index=number)
            for number, one in enumerate(reply.tool_calls)
        ]
        end = AIMessageChunk(content="", tool_call_chunks=calls, usage_metadata=reply.usage_metadata)
        yield ChatGenerationChunk(message=end)

    def _reply(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        time.sleep(self.delay)
        with self.client.lock:
            self.clients.add(id(self.client))
            self._seen.append((messages, options))
        turn = 0 if self.repeat else _tool_messages_at_the_end(messages)
        calls = list(self.script)[turn : turn + 1]
        return AIMessage(
            "" if calls else self.answer,
            tool_calls=[{"name": name, "args": args, "id": f"call{turn}"} for name, args in calls],
            usage_metadata={"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
        )

    def __copy__(self) -> ScriptedModel:
        raise AssertionError("a model was copied")

    def __deepcopy__(self, memo: Any = None) -> ScriptedModel:
        raise AssertionError("a model was copied")


def _without_ids(text: str) -> str:
    """LangGraph gives messages random ids, which older summaries show to the model."""
    return re.sub(r"id='[0-9a-f-]{36}'", "", text)


def _tool_messages_at_the_end(messages: Sequence[BaseMessage]) -> int:
    """Tool messages since the last human one."""
    count = 0
    for message in reversed(messages):
        if message.type == "human":
            break
        count += isinstance(message, ToolMessage)
    return count
