"""A chat model that follows a script of tool calls and remembers what it was sent, tools included."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

Call = tuple[str, dict[str, Any]]


class ScriptedModel(BaseChatModel):
    """Calls the tools of ``script``, one in each turn, then answers with ``answer``.

    A turn is known by the tool messages that the conversation has, so that rollouts at once do not disturb
    each other. ``repeat`` makes it call the first tool for ever.
    """

    script: Sequence[Call] = ()
    answer: str = "done"
    repeat: bool = False
    _seen: list[tuple[list[BaseMessage], dict[str, Any]]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

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
        bound = [tool if isinstance(tool, dict) else convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=bound, **({"tool_choice": tool_choice} if tool_choice else {}), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager
        with self._lock:
            self._seen.append((messages, kwargs))
        turn = 0 if self.repeat else _tool_messages_at_the_end(messages)
        calls = list(self.script)[turn : turn + 1]
        message = AIMessage(
            "" if calls else self.answer,
            tool_calls=[{"name": name, "args": args, "id": f"call{turn}"} for name, args in calls],
            usage_metadata={"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def __copy__(self) -> ScriptedModel:
        raise AssertionError("a model was copied")

    def __deepcopy__(self, memo: Any = None) -> ScriptedModel:
        raise AssertionError("a model was copied")


def _tool_messages_at_the_end(messages: Sequence[BaseMessage]) -> int:
    """Tool messages since the last human one."""
    count = 0
    for message in reversed(messages):
        if message.type == "human":
            break
        count += isinstance(message, ToolMessage)
    return count
