"""Models that stand between an app and its provider: shells of the app's own, of a subclass made for it.

They replace texts in what they are sent, and ask before each call.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Hashable, Iterator
from contextvars import ContextVar
from typing import Any

from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage, TextBlock

from gepa_core.appgraph import Rewriting
from gepa_core.appgraph.children import instance_dict
from gepa_core.pacing import Calls
from gepa_llamaindex.pacing import astreamed, ended, failing, model_name, streamed

_KEY, _CALLS, _ORIGINAL = "_gepa_rewriting", "_gepa_calls", "__gepa_original__"
_INSIDE: ContextVar[bool] = ContextVar("gepa_llamaindex_inside_a_model", default=False)


def rewrite(shell: BaseLLM, rewriting: Rewriting, calls: Calls | None = None) -> None:
    """Let a shell of a model send other texts, in place of those that it may send already.

    The shell gets a subclass that has the same name, or its own class back where there is nothing to do.

    Args:
        calls: asked before each call; None outside of a rollout.
    """
    original = vars(type(shell)).get(_ORIGINAL, type(shell))
    kind: Hashable = original
    for key, held in ((_KEY, None if rewriting.is_idle else rewriting), (_CALLS, calls)):
        shell.__dict__.pop(key, None)
        if held is not None:
            shell.__dict__[key] = held
    made = original if rewriting.is_idle and calls is None else _rewriting_class(kind)
    if made is not type(shell):
        object.__setattr__(shell, "__class__", made)


def rewriting_of(model: object) -> Rewriting:
    """What a model replaces already, as it is part of an app that is a copy itself."""
    held = (instance_dict(model) or {}).get(_KEY)
    return held if isinstance(held, Rewriting) else Rewriting()


@functools.lru_cache(maxsize=256)
def _rewriting_class(kind: Any) -> Any:
    about = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(kind)(kind.__name__, (_RewritingModel, kind), {**about, _ORIGINAL: kind})


class _Messages(list[ChatMessage]):
    """Messages that have the new texts already."""


class _Text(str):
    """A prompt that has the new texts already."""

    __slots__ = ()


class _RewritingModel:
    """Entry points of a model. Some of them use another one, at once or later, which is to change nothing."""

    def chat(self, messages: Any, **kwargs: Any) -> Any:
        with _rewritten(self, messages) as (sent, calls):
            call = calls.begin(_name(self))
            with failing(call):
                return ended(call, super().chat(sent, **kwargs))  # type: ignore[misc]

    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        with _rewritten(self, messages) as (sent, calls):
            call = calls.begin(_name(self))
            with failing(call):
                return streamed(call, super().stream_chat(sent, **kwargs))  # type: ignore[misc]

    async def achat(self, messages: Any, **kwargs: Any) -> Any:
        with _rewritten(self, messages) as (sent, calls):
            call = await calls.abegin(_name(self))
            with failing(call):
                return ended(call, await super().achat(sent, **kwargs))  # type: ignore[misc]

    async def astream_chat(self, messages: Any, **kwargs: Any) -> Any:
        with _rewritten(self, messages) as (sent, calls):
            call = await calls.abegin(_name(self))
            with failing(call):
                return astreamed(call, await super().astream_chat(sent, **kwargs))  # type: ignore[misc]

    def complete(self, prompt: Any, formatted: bool = False, **kwargs: Any) -> Any:
        with _rewritten(self, prompt) as (sent, calls):
            call = calls.begin(_name(self))
            with failing(call):
                return ended(call, super().complete(sent, formatted, **kwargs))  # type: ignore[misc]

    def stream_complete(self, prompt: Any, formatted: bool = False, **kwargs: Any) -> Any:
        with _rewritten(self, prompt) as (sent, calls):
            call = calls.begin(_name(self))
            with failing(call):
                return streamed(call, super().stream_complete(sent, formatted, **kwargs))  # type: ignore[misc]

    async def acomplete(self, prompt: Any, formatted: bool = False, **kwargs: Any) -> Any:
        with _rewritten(self, prompt) as (sent, calls):
            call = await calls.abegin(_name(self))
            with failing(call):
                return ended(call, await super().acomplete(sent, formatted, **kwargs))  # type: ignore[misc]

    async def astream_complete(self, prompt: Any, formatted: bool = False, **kwargs: Any) -> Any:
        with _rewritten(self, prompt) as (sent, calls):
            call = await calls.abegin(_name(self))
            with failing(call):
                return astreamed(call, await super().astream_complete(sent, formatted, **kwargs))  # type: ignore[misc]


@contextlib.contextmanager
def _rewritten(model: object, given: Any) -> Iterator[tuple[Any, Calls]]:
    """What is sent in place of ``given``, and what is asked; calls that are made meanwhile belong to this."""
    is_inside = _INSIDE.get()
    sent = given if is_inside else _with_new_texts(given, rewriting_of(model))
    calls = None if is_inside or sent is given else (instance_dict(model) or {}).get(_CALLS)
    token = _INSIDE.set(True)
    try:
        yield sent, calls if isinstance(calls, Calls) else Calls()
    finally:
        _INSIDE.reset(token)


def _name(model: object) -> str:
    return model_name(model) if isinstance(model, BaseLLM) else ""


def _with_new_texts(given: Any, rewriting: Rewriting) -> Any:
    if isinstance(given, _Messages | _Text):
        return given
    if isinstance(given, str):
        return _Text(rewriting.text("", given))
    return _Messages([_message(message, rewriting) for message in given])


def _message(message: ChatMessage, rewriting: Rewriting) -> ChatMessage:
    role = str(message.role.value)
    blocks = [_block(block, role, rewriting) for block in message.blocks]
    is_same = all(new is old for new, old in zip(blocks, message.blocks, strict=True))
    return message if is_same else message.model_copy(update={"blocks": blocks})


def _block(block: Any, role: str, rewriting: Rewriting) -> Any:
    if not isinstance(block, TextBlock):
        return block
    text = rewriting.text(role, block.text)
    return block if text == block.text else block.model_copy(update={"text": text})
