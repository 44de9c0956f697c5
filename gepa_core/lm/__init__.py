"""Language models: what users may pass as one, and how it becomes a `LanguageModel`."""

from __future__ import annotations

from gepa_core.lm.callables import CallableModel
from gepa_core.lm.litellm import LiteLLM
from gepa_core.lm.resolve import as_language_model

__all__ = ["CallableModel", "LiteLLM", "as_language_model"]
