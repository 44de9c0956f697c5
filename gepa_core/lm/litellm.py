"""``"provider/model"`` strings, through litellm.

litellm takes several seconds to import, so it is imported by the first call (or by `LiteLLM.preload` in
the background), never by making a `LiteLLM`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from gepa_core.errors import ConfigurationError
from gepa_core.faults import as_model_error
from gepa_core.lm.parts import as_dicts
from gepa_core.protocols import Completion, Message
from gepa_core.types import Usage

_LOADING = threading.Lock()


def _is_provider_and_model(_instance: object, _attribute: attrs.Attribute[str], value: str) -> None:
    provider, _, model = value.partition("/")
    if not provider.strip() or not model.strip():
        raise ConfigurationError(
            f"{value!r} does not name a model: write 'provider/model', such as 'openai/gpt-4.1-mini' or "
            "'anthropic/claude-sonnet-4-5'"
        )


@attrs.frozen(kw_only=True)
class LiteLLM:
    """A model of any provider that litellm knows. Keys are read from the environment unless given.

    Attributes:
        model: ``"provider/model"``.
        api_base: another address of the provider's API, such as a proxy or a local server.
        api_key: the key; litellm reads the provider's environment variable when None.
        temperature: as the provider defines it; its default when None.
        max_tokens: the longest answer in tokens; the provider's default when None.
        timeout: seconds until a call counts as failed.
        images: whether the model can be shown images; when None as litellm has it, and yes for a model that
            litellm does not know.
        options: further arguments of ``litellm.acompletion``, such as ``reasoning_effort``.
            ``input_cost_per_token`` and ``output_cost_per_token`` give the price of a model that litellm
            does not know.

    Raises:
        ConfigurationError: ``model`` is not of that form, or litellm is not installed.
    """

    model: str = attrs.field(validator=[attrs.validators.instance_of(str), _is_provider_and_model])
    api_base: str | None = None
    api_key: str | None = attrs.field(default=None, repr=False)
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float = 600.0
    images: bool | None = None
    options: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        if importlib.util.find_spec("litellm") is None:
            raise ConfigurationError(
                f"the model {self.model!r} needs litellm, which is not installed: "
                'pip install "gepa-core[litellm]" (or pass a chat model or a function instead of a string)'
            )

    @property
    def name(self) -> str:
        """``"provider/model"``."""
        return self.model

    def preload(self) -> threading.Thread:
        """Start to import litellm in the background, so that the first call need not wait for it.

        A thread that meanwhile imports a part of litellm, without litellm itself, breaks both imports.

        Returns:
            The thread, a daemon. A failing import is reported by the first call, not here.
        """
        thread = threading.Thread(target=_load_quietly, name="gepa-load-litellm", daemon=True)
        thread.start()
        return thread

    async def sees_images(self) -> bool:
        """Whether the model can be shown images."""
        if self.images is not None:
            return self.images
        return _sees_images(await asyncio.to_thread(_load), self.model)

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Ask the provider once; trying again is the engine's business.

        Raises:
            InfrastructureFault: rate limit, timeout, connection, outage.
            ModelFault: unknown model, refused key, exhausted account.
            Exception: the provider's own error when it refuses the prompt (too long, against its policy).
        """
        litellm = await asyncio.to_thread(_load)
        try:
            response = await litellm.acompletion(**self._arguments(messages))
        except Exception as error:
            known = as_model_error(error)
            if known is error:
                raise
            raise known from error
        choice = response.choices[0]
        return Completion(
            text=choice.message.content or "",
            usage=_usage(litellm, response, self.model),
            finish_reason=str(choice.finish_reason or ""),
        )

    def _arguments(self, messages: Sequence[Message]) -> dict[str, Any]:
        chosen = {
            "api_base": self.api_base,
            "api_key": self.api_key,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        return {
            "model": self.model,
            "messages": as_dicts(messages),
            "timeout": self.timeout,
            # Retries are the engine's: litellm's own would hide how often a provider was asked.
            "num_retries": 0,
            "max_retries": 0,
            **{name: value for name, value in chosen.items() if value is not None},
            **self.options,
        }


def _load_quietly() -> None:
    with contextlib.suppress(Exception):
        _load()


def _load() -> Any:
    """litellm, imported once and made quiet. Blocks for seconds the first time."""
    with _LOADING:
        # Without it the import asks the network for a price list and waits for the answer.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        litellm: Any = importlib.import_module("litellm")
        litellm.telemetry = False
        litellm.suppress_debug_info = True
        logger = logging.getLogger("LiteLLM")
        if logger.level in (logging.NOTSET, logging.WARNING):
            logger.setLevel(logging.ERROR)
        return litellm


def _sees_images(litellm: Any, model: str) -> bool:
    try:
        return bool(litellm.get_model_info(model=model).get("supports_vision"))
    except Exception:  # litellm raises a plain Exception for a model that it does not know
        return True


def _usage(litellm: Any, response: Any, model: str) -> Usage:
    usage = getattr(response, "usage", None)
    tokens_in = int(getattr(usage, "prompt_tokens", None) or 0)
    tokens_out = int(getattr(usage, "completion_tokens", None) or 0)
    dollars = _dollars(litellm, response, model) if tokens_in or tokens_out else 0.0
    return Usage(
        calls=1,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        dollars=dollars,
        unmetered=0 if tokens_in or tokens_out else 1,
        unpriced=0 if dollars > 0 else 1,
    )


def _dollars(litellm: Any, response: Any, model: str) -> float:
    """The price of a call, 0 when litellm does not know it: it raises for some such models, not for all.

    ``base_model`` makes it price the model that the user named before the one that the provider names.
    """
    try:
        return float(
            litellm.completion_cost(completion_response=response, model=model, base_model=model) or 0.0
        )
    except Exception:  # litellm raises a plain Exception for a model that it has no price of
        return 0.0
