"""docs/reflection.md and docs/models.md say what is so."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.lm import CallableModel, LiteLLM, as_language_model
from gepa_core.protocols import Message, SeeingModel
from gepa_core.reflection import render_prompt
from gepa_core.reflection.extracted import Empty, NoText, Refused, Truncated, Unchanged
from gepa_core.reflection.template import OPTIONAL, REQUIRED
from tests.reflection.builders import REPLY, ROUTE, Scripted, late_parcel, request

DOCS = Path(__file__).parents[2] / "docs"
REFLECTION = (DOCS / "reflection.md").read_text("utf-8")
MODELS = (DOCS / "models.md").read_text("utf-8")


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(block, "docs", "exec"), names)
    return names


def test_the_rendered_prompt_is_real() -> None:
    shown = re.search(r"<!-- rendered prompt -->\n(`{4,})text\n(.*?)\n\1\n<!-- end", REFLECTION, re.DOTALL)
    assert shown is not None
    prompt = render_prompt(
        REPLY,
        all_components=[ROUTE, REPLY],
        minibatch=[late_parcel()],
        task="A support desk for an online shop.",
    )
    assert shown[2] == prompt.rstrip("\n")


def test_every_reason_is_listed() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", REFLECTION, re.MULTILINE)
    kinds = [Refused, Empty, NoText, Truncated, Unchanged]
    assert listed == [*(kind.word for kind in kinds), "unwritable", "placeholder", "too-long"]


@pytest.mark.parametrize(("names", "need"), [(REQUIRED, "required"), (OPTIONAL, "optional")])
def test_every_placeholder_is_listed(names: tuple[str, ...], need: str) -> None:
    assert tuple(re.findall(rf"^\| `\{{(\w+)\}}` \|.*\| {need} \|$", REFLECTION, re.MULTILINE)) == names


def test_the_options_and_the_template_can_be_used() -> None:
    options, images, template = (run(block)["reflection"] for block in blocks(REFLECTION)[:3])
    defaults = ReflectiveMutation()
    assert (options.max_tokens, options.retries) == (defaults.max_tokens, defaults.retries)
    assert (defaults.images, images.images) == (0, 4)
    model = Scripted("Answer in queue {queue}.")
    assert asyncio.run(template.gepa_propose_texts(request(model))) == {"reply": "Answer in queue {queue}."}
    assert "Name the two most frequent mistakes" in model.conversations[0][0].content


def test_the_plugin_of_ones_own_works() -> None:
    plugin = run(blocks(REFLECTION)[3])["BestOfTwo"]()
    model = Scripted("Answer politely in {queue}.", "Answer in {queue}.")
    assert asyncio.run(plugin.gepa_propose_texts(request(model))) == {"reply": "Answer in {queue}."}


def test_the_models_can_be_used() -> None:
    served, plain, conversing, counting = (run(block)["reflection_lm"] for block in blocks(MODELS)[:4])
    assert isinstance(served, LiteLLM)
    question = [Message("user", "hello")]
    answers = [
        asyncio.run(as_language_model(each).complete(question)) for each in (plain, conversing, counting)
    ]
    assert [answer.text for answer in answers][1:] == ["hello", "Answer briefly."]
    assert "5 characters" in answers[0].text
    assert [answer.usage.unpriced for answer in answers] == [1, 1, 0]


def test_a_model_of_ones_own_can_be_shown_images() -> None:
    model = as_language_model(run(blocks(MODELS)[4])["MyModel"]())
    assert isinstance(model, SeeingModel)
    assert asyncio.run(model.sees_images())
    assert asyncio.run(model.complete([Message("user", "hello")])).text == "asked with 1 messages"


def test_the_table_of_images_says_what_functions_take() -> None:
    def of_strings(messages: list[dict[str, str]]) -> str:
        return str(messages)

    def of_parts(messages: list[dict[str, Any]]) -> str:
        return str(messages)

    def of_text(prompt: str) -> str:
        return prompt

    assert "unless it is annotated `list[dict[str, str]]`" in REFLECTION
    sees = [CallableModel(function=one).images for one in (of_strings, of_parts, of_text)]
    assert sees == [False, True, False]
