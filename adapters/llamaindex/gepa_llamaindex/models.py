"""A LlamaIndex model as a `LanguageModel`, for reflection."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import attrs
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ContentBlock,
    ImageBlock,
    TextBlock,
)

from gepa_core.lm.parts import as_parts
from gepa_core.protocols import Completion, Message
from gepa_llamaindex.usage import usage_of

_REASONS = ("finish_reason", "stop_reason", "done_reason")


@attrs.frozen(eq=False, kw_only=True)
class LlamaIndexModel:
    """Calls ``achat`` of a LlamaIndex LLM. Exceptions pass through as the model raised them.

    Attributes:
        llm: what is called.
        name: the provider's name of the model, else its class.
    """

    llm: BaseLLM = attrs.field(repr=False)
    name: str

    async def sees_images(self) -> bool:
        """Whether the model can be shown images: yes for a chat model, as far as LlamaIndex knows."""
        with contextlib.suppress(Exception):  # some models refuse to describe themselves
            return self.llm.metadata.is_chat_model
        return True

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Answer ``messages``."""
        response = await self.llm.achat([_chat_message(message) for message in messages])
        return Completion(
            text=response.message.content or "",
            usage=usage_of(response),
            finish_reason=_reason(response),
        )


def _chat_message(message: Message) -> ChatMessage:
    """A message with a block for its text, and one for each image that it has."""
    blocks: list[ContentBlock] = [
        TextBlock(text=part)
        if isinstance(part, str)
        else ImageBlock(image=part.data, image_mimetype=part.media_type)
        for part in as_parts(message)
    ]
    return ChatMessage(role=message.role, blocks=blocks)


def as_language_model(value: object) -> LlamaIndexModel | None:
    """``value`` as a `LanguageModel`; None when it is no LlamaIndex model."""
    if not isinstance(value, BaseLLM):
        return None
    name = ""
    with contextlib.suppress(Exception):  # some models refuse to describe themselves
        name = value.metadata.model_name
    return LlamaIndexModel(llm=value, name=name or type(value).__name__)


def _reason(response: ChatResponse) -> str:
    """The provider's word for why it stopped, where its integration keeps it."""
    holders = [response.additional_kwargs, response.message.additional_kwargs]
    raw = response.raw
    raw = raw if isinstance(raw, dict) else getattr(raw, "__dict__", {})
    choices = raw.get("choices")
    if isinstance(choices, list) and choices:
        first = choices[0]
        holders.append(first if isinstance(first, dict) else getattr(first, "__dict__", {}))
    found = (holder.get(name) for holder in [*holders, raw] for name in _REASONS)
    return str(next((one for one in found if isinstance(one, str) and one), ""))
