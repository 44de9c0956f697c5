"""Texts that are changed in messages: what is recognised, by which models, and what is handed back."""

# ruff: noqa: ARG002 - the signatures are the framework's

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.rewriting import rewriting_of
from gepa_llamaindex.testing import ScriptedLLM
from llama_index.core.base.llms.types import (
    ChatMessage,
    CompletionResponse,
    ImageBlock,
    LLMMetadata,
    TextBlock,
)
from llama_index.core.llms import MockLLM
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from pydantic import Field

from gepa_core.errors import ConfigurationError

from .shapes.code import Letters

WORDS = "You answer in one word and never explain."


class Completing(CustomLLM):
    """The least that LlamaIndex asks of a model: all of its methods call ``complete``."""

    said: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="mine", is_chat_model=True)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self.said.append(prompt)
        return CompletionResponse(text="word")

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        self.said.append(prompt)

        def stream() -> Any:
            yield CompletionResponse(text="word", delta="word")

        return stream()


def _messages() -> list[ChatMessage]:
    return [ChatMessage(role="system", content="You answer in one word and never explain.")]


async def _read(stream: Any) -> None:
    async for _ in await stream:
        pass


CALLS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda llm: llm.chat(_messages()),
    "stream_chat": lambda llm: list(llm.stream_chat(_messages())),
    "achat": lambda llm: asyncio.run(llm.achat(_messages())),
    "astream_chat": lambda llm: asyncio.run(_read(llm.astream_chat(_messages()))),
    "complete": lambda llm: llm.complete("You answer in one word and never explain."),
    "stream_complete": lambda llm: list(llm.stream_complete("You answer in one word and never explain.")),
    "acomplete": lambda llm: asyncio.run(llm.acomplete("You answer in one word and never explain.")),
    "astream_complete": lambda llm: asyncio.run(
        _read(llm.astream_complete("You answer in one word and never explain."))
    ),
}


@pytest.mark.parametrize("entry", CALLS)
def test_every_entry_of_a_model_changes_a_text_once(entry: str) -> None:
    llm, call = Completing(), CALLS[entry]

    def app(_: str) -> str:
        call(llm)
        return "done"

    system = LlamaIndexAdapter(sent={"words": WORDS}).wrap(app)
    rollout: Any = system.run({"words": f"{WORDS} {WORDS}"}, "Why?")  # the new text holds the old one twice
    assert rollout.error is None, repr(rollout.error)
    [sent] = llm.said
    assert sent.count(WORDS) == 2
    [step] = rollout.trajectory.steps
    assert step.components == ("words",)


def test_the_exported_app_keeps_a_shell_only_where_such_a_text_was_changed() -> None:
    llm = ScriptedLLM(reply=lambda _: "word")
    system = LlamaIndexAdapter().wrap(Letters(llm))
    assert system.build({}).llm is llm
    built = system.build({"draft.system": "You write postcards."})
    assert built.llm is not llm
    assert (type(built.llm).__name__, isinstance(built.llm, ScriptedLLM)) == ("ScriptedLLM", True)
    assert not rewriting_of(built.llm).is_idle
    asyncio.run(_started(built))
    assert built.llm.client is llm.client
    assert "You write postcards." in llm.seen[0].text


async def _started(workflow: Any) -> Any:
    return await workflow.run(topic="rivers")


def test_a_built_app_can_be_wrapped_and_changed_again_and_back() -> None:
    llm = ScriptedLLM(reply=lambda _: "word")
    first = LlamaIndexAdapter().wrap(Letters(llm))
    texts = {one.name: f"First: {one.text}" for one in first.components}
    second = LlamaIndexAdapter().wrap(first.build(texts))
    assert {one.name: one.text for one in second.components} == texts
    back = second.build({one.name: one.text for one in first.components})
    assert type(back.llm) is ScriptedLLM
    asyncio.run(_started(back))
    assert not any("First:" in ask.text for ask in llm.seen)


def test_blocks_that_are_no_text_and_answers_stay_as_they_are() -> None:
    llm = ScriptedLLM(reply=lambda _: "word")
    picture = ImageBlock(image=b"\x89PNG....")

    def app(text: str) -> str:
        said = [
            ChatMessage(role="user", blocks=[TextBlock(text=text), picture]),
            ChatMessage(role="assistant", content=text),
        ]
        return str(llm.chat(said).message.content)

    system = LlamaIndexAdapter(sent={"words": WORDS}).wrap(app)
    system.run({"words": "Answer at length."}, WORDS)
    user, assistant = llm.seen[0].messages
    assert [getattr(block, "text", block) for block in user.blocks] == ["Answer at length.", picture]
    assert assistant.content == WORDS


def test_a_named_text_with_gaps_keeps_them() -> None:
    llm = ScriptedLLM(reply=lambda _: "word")
    kept = {"text": "Tell {who} about %s."}

    def app(topic: str) -> str:
        return str(llm.complete(kept["text"].format(who="Ana") % topic))

    named = {"tell": "Tell {who} about {topic}."}
    system = LlamaIndexAdapter(sent=named).wrap(app)
    system.run({"tell": "About {topic}: tell {who} all."}, "rivers")
    assert llm.seen[0].text == "About rivers: tell Ana all."
    with pytest.raises(ConfigurationError, match="missing"):
        system.build({"tell": "Tell {who}."})


def test_what_cannot_be_named_is_refused_and_what_has_no_model_is_left_alone() -> None:
    with pytest.raises(ConfigurationError, match="words of its own"):
        LlamaIndexAdapter(sent={"all": "{text}"}).wrap(Letters(ScriptedLLM(reply=lambda _: "")))

    def app(question: str) -> str:
        return str(MockLLM().complete(f"You answer the question {question} in one word."))

    system = LlamaIndexAdapter().wrap(app)
    assert not system.components
    [left] = system.left_alone
    assert "the app holds none" in left.reason
