"""A LlamaIndex model that answers by a function and writes down what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any, NoReturn

import attrs
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool
from pydantic import ConfigDict, Field, PrivateAttr

from gepa_llamaindex.reading import strings_in


class Client:
    """Stands for a connection: refuses to be copied in any way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls = 0

    def __copy__(self) -> NoReturn:
        raise AssertionError("a client was copied")

    def __deepcopy__(self, memo: Any) -> NoReturn:
        raise AssertionError("a client was copied")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise AssertionError("a client was copied")


@attrs.frozen
class Ask:
    """One question to the model.

    Attributes:
        text: everything that was said to it, messages separated by blank lines.
        tools: every text in the tools that were sent along.
        messages: what was said, empty for a plain prompt.
    """

    text: str
    tools: tuple[str, ...] = ()
    messages: tuple[ChatMessage, ...] = ()

    @property
    def everything(self) -> str:
        """The text and the tools."""
        return "\n\n".join((self.text, *self.tools))

    @property
    def has_tool_result(self) -> bool:
        """Whether a tool has answered in this conversation."""
        roles = [message.role for message in self.messages]
        return MessageRole.TOOL in roles or "Observation:" in (
            self.messages[-1].content or "" if roles else ""
        )


Reply = str | list[ToolSelection]


class ScriptedLLM(FunctionCallingLLM):
    """Answers every question with ``reply(ask)``: a text, or the tools to call.

    Attributes:
        reply: makes the answers; may raise.
        seen: everything that was asked, by all copies of this model.
        chat_model: whether LlamaIndex is to treat it as a chat model.
        calls_tools: whether LlamaIndex may give it tools.
        metered: whether it reports how many words it read and wrote.
        seconds: how long it takes to answer.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    reply: Callable[[Ask], Reply] = Field(exclude=True)
    seen: list[Ask] = Field(default_factory=list, exclude=True)
    chat_model: bool = True
    calls_tools: bool = True
    metered: bool = True
    seconds: float = 0.0
    context_window: int = 100_000
    _client: Client | None = PrivateAttr(default=None)

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex knows the model by."""
        return "ScriptedLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex asks about a model."""
        return LLMMetadata(
            model_name="scripted",
            is_chat_model=self.chat_model,
            is_function_calling_model=self.calls_tools,
            context_window=self.context_window,
        )

    @property
    def client(self) -> Client:
        """The connection, made at the first call like providers' integrations do."""
        if self._client is None:
            self._client = Client()
        return self._client

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a conversation."""
        return self._respond(self._ask(messages, kwargs))

    @llm_chat_callback()
    def stream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> Generator[ChatResponse, None, None]:
        """Answer a conversation, word by word."""
        ask = self._ask(messages, kwargs)

        def stream() -> Generator[ChatResponse, None, None]:
            yield from self._pieces(self._respond(ask))

        return stream()

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a conversation."""
        return self._respond(self._ask(messages, kwargs))

    @llm_chat_callback()
    async def astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> AsyncGenerator[ChatResponse, None]:
        """Answer a conversation, word by word."""
        ask = self._ask(messages, kwargs)

        async def stream() -> AsyncGenerator[ChatResponse, None]:
            for piece in self._pieces(self._respond(ask)):
                yield piece

        return stream()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Continue a text."""
        del formatted, kwargs
        response = self._respond(Ask(prompt))
        return CompletionResponse(text=response.message.content or "", raw=response.raw)

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Generator[CompletionResponse, None, None]:
        """Continue a text, at once."""

        def stream() -> Generator[CompletionResponse, None, None]:
            whole = self.complete(prompt, formatted, **kwargs)
            yield CompletionResponse(text=whole.text, delta=whole.text, raw=whole.raw)

        return stream()

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Continue a text."""
        whole: CompletionResponse = self.complete(prompt, formatted, **kwargs)
        return whole

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> AsyncGenerator[CompletionResponse, None]:
        """Continue a text, at once."""

        async def stream() -> AsyncGenerator[CompletionResponse, None]:
            whole = self.complete(prompt, formatted, **kwargs)
            yield CompletionResponse(text=whole.text, delta=whole.text, raw=whole.raw)

        return stream()

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """The tools that an answer calls."""
        del kwargs
        calls: list[ToolSelection] = response.message.additional_kwargs.get("tool_calls", [])
        if error_on_no_tool_call and not calls:
            raise ValueError("the answer calls no tool")
        return calls

    def _prepare_chat_with_tools(  # noqa: PLR0917
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        del verbose, allow_parallel_tool_calls, tool_required, kwargs
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(
                user_msg if isinstance(user_msg, ChatMessage) else ChatMessage(role="user", content=user_msg)
            )
        return {"messages": messages, "tools": [tool.metadata.to_openai_tool() for tool in tools]}

    def _ask(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> Ask:
        text = "\n\n".join(message.content or "" for message in messages)
        return Ask(text, tuple(strings_in(options)), tuple(messages))

    def _respond(self, ask: Ask) -> ChatResponse:
        self.seen.append(ask)
        self.client.calls += 1
        if self.seconds:
            time.sleep(self.seconds)
        answer = self.reply(ask)
        text, calls = (answer, []) if isinstance(answer, str) else ("", answer)
        extra = {"tool_calls": calls} if calls else {}
        usage = {"prompt_tokens": len(ask.text.split()), "completion_tokens": len(text.split())}
        return ChatResponse(
            message=ChatMessage(role="assistant", content=text, additional_kwargs=extra),
            delta=text,
            raw={"usage": usage} if self.metered else {},
        )

    def _pieces(self, response: ChatResponse) -> Generator[ChatResponse, None, None]:
        words = (response.message.content or "").split(" ")
        extra = response.message.additional_kwargs
        for number in range(1, len(words) + 1):
            message = ChatMessage(role="assistant", content=" ".join(words[:number]), additional_kwargs=extra)
            delta = words[0] if number == 1 else f" {words[number - 1]}"
            yield ChatResponse(message=message, delta=delta, raw=response.raw)
