"""Models that replace texts in what they are sent: shells of the app's own, of a subclass made for it."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.messages import BaseMessage, ChatMessage
from langchain_core.prompt_values import ChatPromptValue, PromptValue, StringPromptValue

from gepa_core.appgraph import Rewriting
from gepa_core.appgraph.shells import shell_of

_KEY, _ORIGINAL = "_gepa_rewriting", "__gepa_original__"


def rewriting_model(model: BaseLanguageModel[Any], rewriting: Rewriting) -> BaseLanguageModel[Any]:
    """A shell of ``model`` that sends other texts; one without any where ``rewriting`` is idle.

    The shell is of a subclass that has the same name. It shares the original's client, also one that the
    original makes when it is first called.
    """
    shell: BaseLanguageModel[Any] = shell_of(model)
    object.__setattr__(shell, "__pydantic_private__", model.__pydantic_private__)
    rewrite(shell, rewriting)
    return shell


def rewrite(shell: BaseLanguageModel[Any], rewriting: Rewriting) -> None:
    """Let a shell of a model send other texts, in place of those that it may send already."""
    original = vars(type(shell)).get(_ORIGINAL, type(shell))
    shell.__dict__.pop(_KEY, None)
    kind: Hashable = original
    if not rewriting.is_idle:
        shell.__dict__[_KEY] = rewriting
    made = original if rewriting.is_idle else _rewriting_class(kind)
    if made is not type(shell):
        object.__setattr__(shell, "__class__", made)


def rewriting_of(model: object) -> Rewriting:
    """What a model replaces already, as it is part of an app that is a copy itself."""
    held = vars(model).get(_KEY) if isinstance(model, BaseLanguageModel) else None
    return held if isinstance(held, Rewriting) else Rewriting()


@functools.lru_cache(maxsize=256)
def _rewriting_class(kind: Any) -> Any:
    mixin = _RewritingChat if issubclass(kind, BaseChatModel) else _RewritingText
    about = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(kind)(kind.__name__, (mixin, kind), {**about, _ORIGINAL: kind})


class _Messages(list[BaseMessage]):
    """Messages that have the new texts already."""


class _RewrittenMessages(ChatPromptValue):
    def to_messages(self) -> list[BaseMessage]:
        return _Messages(self.messages)


class _Text(str):
    """A prompt that has the new texts already."""


class _RewrittenText(StringPromptValue):
    def to_string(self) -> str:
        return _Text(self.text)


class _Rewriting:
    """Entry points of a model. Some of them use another one, so what they pass on says that it is done."""

    def _gepa_prompt(self, given: Any) -> PromptValue:
        raise NotImplementedError

    def stream(self, input: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        yield from super().stream(self._gepa_prompt(input), *args, **kwargs)  # type: ignore[misc]

    async def astream(self, input: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        async for chunk in super().astream(self._gepa_prompt(input), *args, **kwargs):  # type: ignore[misc]
            yield chunk

    def stream_events(self, input: Any, *args: Any, **kwargs: Any) -> Any:
        return super().stream_events(self._gepa_prompt(input), *args, **kwargs)  # type: ignore[misc]

    def astream_events(self, input: Any, *args: Any, **kwargs: Any) -> Any:
        return super().astream_events(self._gepa_prompt(input), *args, **kwargs)  # type: ignore[misc]


class _RewritingChat(_Rewriting):
    def _gepa_prompt(self, given: Any) -> PromptValue:
        if isinstance(given, _RewrittenMessages):
            return given
        messages = self._convert_input(given).to_messages()  # type: ignore[attr-defined]
        return _RewrittenMessages.model_construct(messages=_messages(self, messages))

    def generate(self, messages: Iterable[list[BaseMessage]], *args: Any, **kwargs: Any) -> Any:
        sent = [_messages(self, one) for one in messages]
        return super().generate(sent, *args, **kwargs)  # type: ignore[misc]

    async def agenerate(self, messages: Iterable[list[BaseMessage]], *args: Any, **kwargs: Any) -> Any:
        sent = [_messages(self, one) for one in messages]
        return await super().agenerate(sent, *args, **kwargs)  # type: ignore[misc]


class _RewritingText(_Rewriting):
    def _gepa_prompt(self, given: Any) -> PromptValue:
        if isinstance(given, _RewrittenText):
            return given
        text = self._convert_input(given).to_string()  # type: ignore[attr-defined]
        return _RewrittenText.model_construct(text=_text(self, text))

    def generate(self, prompts: Iterable[str], *args: Any, **kwargs: Any) -> Any:
        return super().generate([_text(self, one) for one in prompts], *args, **kwargs)  # type: ignore[misc]

    async def agenerate(self, prompts: Iterable[str], *args: Any, **kwargs: Any) -> Any:
        sent = [_text(self, one) for one in prompts]
        return await super().agenerate(sent, *args, **kwargs)  # type: ignore[misc]


def _text(model: object, text: str) -> str:
    return str(text) if isinstance(text, _Text) else rewriting_of(model).text("", text)


def _messages(model: object, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    if isinstance(messages, _Messages):
        return list(messages)
    rewriting = rewriting_of(model)
    return [_message(message, rewriting) for message in messages]


def _message(message: BaseMessage, rewriting: Rewriting) -> BaseMessage:
    role = message.role if isinstance(message, ChatMessage) else message.type
    held = message.content
    content = rewriting.text(role, held) if isinstance(held, str) else _blocks(held, role, rewriting)
    return message if content == held else message.model_copy(update={"content": content})


def _blocks(blocks: Sequence[Any], role: str, rewriting: Rewriting) -> list[Any]:
    found: list[Any] = []
    for block in blocks:
        if isinstance(block, str):
            found.append(rewriting.text(role, block))
        elif isinstance(block, dict) and isinstance(block.get("text"), str):
            found.append({**block, "text": rewriting.text(role, block["text"])})
        else:
            found.append(block)
    return found
