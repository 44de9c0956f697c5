"""From whatever the user passed to a `LanguageModel`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from gepa_core.errors import ConfigurationError
from gepa_core.lm.callables import CallableModel
from gepa_core.lm.litellm import LiteLLM
from gepa_core.protocols import Adapter, LanguageModel

ModelLike: TypeAlias = "LanguageModel | str | Callable[..., object] | object"

_ACCEPTED = (
    "Pass a 'provider/model' string such as 'openai/gpt-4.1-mini' (needs the litellm extra), a chat model "
    "of a framework whose adapter is installed, a function (str) -> str or (messages) -> str, sync or "
    "async, or an object with a `name` and `async complete(messages)`."
)


def as_language_model(value: ModelLike, adapters: Iterable[Adapter] = ()) -> LanguageModel:
    """The `LanguageModel` that ``value`` stands for. Imports no client and calls no model.

    Args:
        value: a ``"provider/model"`` string, a framework's chat model, a `LanguageModel`, or a callable.
        adapters: asked, in order, whether ``value`` is a chat model of theirs; only for objects.

    Raises:
        ConfigurationError: ``value`` is none of these; the message says what can be passed.
    """
    if isinstance(value, str):
        return LiteLLM(model=value)
    if value is None:
        raise ConfigurationError(f"a language model is needed, but None was given. {_ACCEPTED}")
    if isinstance(value, type):
        raise ConfigurationError(
            f"{value.__name__!r} is a class, not a model: have you forgotten the '()'? {_ACCEPTED}"
        )
    # Before the protocol: a framework's own model may happen to have a `name` and a `complete`.
    for adapter in adapters:
        model = adapter.language_model(value)
        if model is not None:
            return model
    if isinstance(value, LanguageModel):
        return value
    if callable(value):
        return CallableModel(function=value)
    raise ConfigurationError(f"{type(value).__name__!r} cannot be used as a language model. {_ACCEPTED}")
