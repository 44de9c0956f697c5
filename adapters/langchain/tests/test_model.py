"""LangChain models as reflection models."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import PromptTemplate

from gepa_core.protocols import LanguageModel, Message
from gepa_core.types import Usage

from .conftest import RecordingModel

ADAPTER = LangChainAdapter()
ASKED = [
    Message("system", "Be brief."),
    Message("user", "Why?"),
    Message("assistant", "So."),
    Message("user", "?"),
]


def _named(value: Any) -> LanguageModel:
    model = ADAPTER.language_model(value)
    assert isinstance(model, LanguageModel)
    return model


def test_a_chat_model_answers() -> None:
    chat = RecordingModel(answer="because")
    completion = asyncio.run(_named(chat).complete(ASKED))
    assert completion.text == "because"
    assert type(completion.text) is str
    assert completion.usage == Usage(calls=1, input_tokens=7, output_tokens=3, unpriced=1)
    assert [(type(said), said.content) for said in chat.seen[0]] == [
        (SystemMessage, "Be brief."),
        (HumanMessage, "Why?"),
        (AIMessage, "So."),
        (HumanMessage, "?"),
    ]


def test_a_text_model_answers() -> None:
    completion = asyncio.run(_named(FakeListLLM(responses=["ok"])).complete(ASKED))
    assert (completion.text, completion.usage.unmetered) == ("ok", 1)


def test_a_wrapped_model_keeps_its_wrapping() -> None:
    chat = RecordingModel(fails=1)
    completion = asyncio.run(_named(chat.with_retry(wait_exponential_jitter=False)).complete(ASKED))
    assert completion.text == "fine"
    assert len(chat.seen) == 2


def test_errors_pass_through() -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(_named(RecordingModel(fails=1)).complete(ASKED))


def test_the_name_is_the_providers() -> None:
    openai = pytest.importorskip("langchain_openai")
    chat = openai.ChatOpenAI(model="gpt-x", api_key="k", base_url="http://127.0.0.1:9/v1")
    assert _named(chat.bind(temperature=0)).name == "gpt-x"
    assert _named(RecordingModel()).name == "RecordingModel"


@pytest.mark.parametrize("value", ["openai/gpt", print, PromptTemplate.from_template("x"), None])
def test_what_is_no_model_is_not_taken(value: object) -> None:
    assert ADAPTER.language_model(value) is None
