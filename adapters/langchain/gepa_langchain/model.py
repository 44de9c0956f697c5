"""A LangChain model as a `LanguageModel`, for reflection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable

from gepa_core.lm.parts import content_of
from gepa_core.protocols import Completion, Message
from gepa_core.types import Usage
from gepa_langchain.reading import usage_of_message

_MESSAGES: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}
_WRAPPED = ("bound", "runnable")
_REASONS = ("finish_reason", "stop_reason", "done_reason")


@attrs.frozen(eq=False, kw_only=True)
class LangChainModel:
    """Calls ``ainvoke`` of a chat or text model, or of one wrapped by ``.bind``, ``.with_retry`` and others.

    Exceptions pass through as the model raised them.

    Attributes:
        runnable: what is called.
        name: the provider's name of the model, else its class.
    """

    runnable: Runnable[Any, Any] = attrs.field(repr=False)
    name: str

    async def sees_images(self) -> bool:
        """Whether the model can be shown images: not if it is a text model, else as its profile says."""
        model = _model_inside(self.runnable)
        profile = getattr(model, "profile", None)
        known = profile.get("image_inputs") if isinstance(profile, Mapping) else None
        return isinstance(model, BaseChatModel) and known is not False

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Answer ``messages``."""
        answer = await self.runnable.ainvoke(
            [_MESSAGES[message.role](content=content_of(message)) for message in messages]
        )
        if not isinstance(answer, BaseMessage):
            return Completion(text=str(answer), usage=Usage(calls=1, unmetered=1, unpriced=1))
        reasons = (answer.response_metadata.get(key) for key in _REASONS)
        return Completion(
            text=str(answer.text),
            usage=usage_of_message(answer),
            finish_reason=str(next(filter(None, reasons), "")),
        )


def as_language_model(value: object) -> LangChainModel | None:
    """``value`` as a `LanguageModel`; None when it is no LangChain model and wraps none."""
    model = _model_inside(value)
    if model is None or not isinstance(value, Runnable):
        return None
    names = (getattr(model, name, None) for name in ("model_name", "model", "model_id"))
    named = next((name for name in names if isinstance(name, str) and name), "")
    return LangChainModel(runnable=value, name=named or type(model).__name__)


def _model_inside(value: object) -> BaseLanguageModel[Any] | None:
    for _ in range(8):
        if isinstance(value, BaseLanguageModel):
            return value
        value = next((getattr(value, name) for name in _WRAPPED if hasattr(value, name)), None)
    return None
