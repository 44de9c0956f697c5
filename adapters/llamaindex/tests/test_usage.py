"""Token counts are found wherever providers' integrations put them, and never made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from gepa_llamaindex.usage import UNKNOWN, usage_of
from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from gepa_core.types import Usage

SAID = ChatMessage(role="assistant", content="word")


@pytest.mark.parametrize(
    "about",
    [
        {"raw": {"usage": {"prompt_tokens": 7, "completion_tokens": 2}}},
        {"raw": SimpleNamespace(usage=SimpleNamespace(prompt_tokens=7, completion_tokens=2))},
        {"raw": {"usage": {"input_tokens": 7, "output_tokens": 2}}},
        {"raw": {"usage_metadata": {"prompt_token_count": 7, "candidates_token_count": 2}}},
        {"raw": {"meta": {"billed_units": {"input_tokens": 7, "output_tokens": 2}}}},
        {"raw": {"prompt_eval_count": 7, "eval_count": 2}},
        {"additional_kwargs": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}},
    ],
)
def test_counts_are_found(about: dict[str, Any]) -> None:
    expected = Usage(calls=1, input_tokens=7, output_tokens=2, unpriced=1)
    assert usage_of(ChatResponse(message=SAID, **about)) == expected


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        "text",
        {"usage": None},
        {"usage": {"prompt_tokens": 7}},
        {"usage": {"prompt_tokens": "many"}},
    ],
)
def test_what_is_not_reported_is_unknown(raw: Any) -> None:
    assert usage_of(ChatResponse(message=SAID, raw=raw)) == UNKNOWN
    assert usage_of(None) == UNKNOWN
