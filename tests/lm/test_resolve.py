"""What may be passed as a language model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gepa_core.errors import ConfigurationError
from gepa_core.lm import CallableModel, LiteLLM, as_language_model
from gepa_core.protocols import Adapter, Completion, LanguageModel, Message, System


class Model:
    name = "mine"

    async def complete(self, messages: Sequence[Message]) -> Completion:
        return Completion(text=messages[-1].content)


class ChatModel:
    """A framework's own model."""


class ModelAdapter:
    def wrap(self, target: Any) -> System:
        raise ConfigurationError(f"{target!r} is no app: this adapter knows models only")

    def language_model(self, model: Any) -> LanguageModel | None:
        return Model() if isinstance(model, ChatModel) else None


def test_a_language_model_stays_as_it_is() -> None:
    model = Model()
    assert as_language_model(model) is model


def test_a_string_goes_through_litellm() -> None:
    assert as_language_model("openai/gpt-4.1-mini") == LiteLLM(model="openai/gpt-4.1-mini")


def test_a_function_is_wrapped() -> None:
    assert isinstance(as_language_model(lambda prompt: prompt), CallableModel)


def test_an_adapter_knows_its_frameworks_models() -> None:
    assert isinstance(as_language_model(ChatModel(), [ModelAdapter()]), Model)


def test_adapters_are_not_asked_about_strings() -> None:
    def adapters() -> Iterator[Adapter]:
        raise AssertionError("loading an adapter is slow")
        yield ModelAdapter()

    assert as_language_model("openai/x", adapters()).name == "openai/x"


@pytest.mark.parametrize("value", ["", "gpt-4", "/", "openai/", "/gpt-4", " / "])
def test_a_string_that_names_no_model_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="write 'provider/model'"):
        as_language_model(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "None was given"), (Model, r"forgotten the '\(\)'"), (7, "'int' cannot be used")],
)
def test_anything_else_is_refused(value: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        as_language_model(value)


def test_a_missing_litellm_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(ConfigurationError, match=r'pip install "gepa-core\[litellm\]"'):
        as_language_model("openai/gpt-4.1-mini")


def test_naming_a_model_imports_no_client() -> None:
    code = (
        "import sys\n"
        "from gepa_core.lm import as_language_model\n"
        "import gepa_core.faults, gepa_core.retry, gepa_core.defaults.reflection\n"
        "as_language_model('openai/gpt-4.1-mini')\n"
        "heavy = {'litellm', 'openai', 'httpx', 'tenacity'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(LiteLLM(model="openai/x", api_key="secret"))
