"""Chat engines: their texts, and a conversation that every rollout begins afresh."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.chat_store import ListChatStore
from gepa_llamaindex.testing import Ask, ScriptedLLM, Shape, check_shape
from llama_index.core import VectorStoreIndex
from llama_index.core.async_utils import asyncio_run
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import (
    CondensePlusContextChatEngine,
    CondenseQuestionChatEngine,
    ContextChatEngine,
    SimpleChatEngine,
)
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer, Memory
from llama_index.core.storage.chat_store.base_db import MessageStatus

from gepa_core.types import Rollout

# LlamaIndex closes neither the databases of its memories nor the event loops that it makes.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

HISTORY = [
    ChatMessage(role="user", content="Tell me of Portugal."),
    ChatMessage(role="assistant", content="Gladly."),
]
SYSTEM = "You are a guide who knows every town of Portugal."


def model() -> ScriptedLLM:
    return ScriptedLLM(reply=lambda _: "Lisbon it is.")


def memory() -> Memory:
    """A memory that holds the history, without the database that LlamaIndex would leave open."""
    made = Memory(token_limit=10_000, token_flush_size=1_000, session_id="session")
    vars(made)["sql_store"] = ListChatStore.holding({"session": HISTORY})
    return made


def condense_question(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    return CondenseQuestionChatEngine.from_defaults(index.as_query_engine(llm=llm), llm=llm, memory=memory())


def condense_plus_context(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    return CondensePlusContextChatEngine.from_defaults(
        index.as_retriever(), llm=llm, memory=memory(), system_prompt=SYSTEM
    )


def context(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    buffer = ChatMemoryBuffer.from_defaults(chat_history=list(HISTORY), token_limit=10_000)
    return ContextChatEngine.from_defaults(index.as_retriever(), llm=llm, memory=buffer, system_prompt=SYSTEM)


def simple(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    del index
    return SimpleChatEngine.from_defaults(llm=llm, memory=memory(), system_prompt=SYSTEM)


def with_summaries(index: VectorStoreIndex, llm: ScriptedLLM) -> Any:
    del index
    buffer = ChatSummaryMemoryBuffer.from_defaults(
        chat_history=[*HISTORY, *HISTORY, *HISTORY],
        llm=llm,
        token_limit=12,
        tokenizer_fn=str.split,
        summarize_prompt="Summarise what was said so far in one sentence.",
    )
    return SimpleChatEngine.from_defaults(llm=llm, memory=buffer, system_prompt=SYSTEM)


SHAPES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "condense question": (
        condense_question,
        {
            "names": ("condense_question", "text_qa.system", "text_qa.user", "refine"),
            "silent": ("refine",),
            "steps": ("model", "retrieval"),
        },
    ),
    "condense plus context": (
        condense_plus_context,
        {
            "names": ("condense", "context", "context_refine", "system"),
            "silent": ("context_refine",),
            "steps": ("model", "retrieval"),
        },
    ),
    "context": (
        context,
        {
            "names": ("context", "context_refine", "system"),
            "silent": ("context_refine",),
            "steps": ("model", "retrieval"),
        },
    ),
    "simple": (simple, {"names": ("system",)}),
    "simple with summaries": (with_summaries, {"names": ("system", "summarize")}),
}


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("name", SHAPES)
def test_chat_engine(name: str, mode: Any, index: VectorStoreIndex) -> None:
    make, about = SHAPES[name]
    adapter = LlamaIndexAdapter(mode=mode)
    check_shape(
        Shape(
            make=lambda llm: make(index, llm),
            model=model,
            inputs="And the capital?",
            adapter=adapter,
            **about,
        )
    )


def ran(result: Any) -> Rollout:
    if isinstance(result, Rollout):
        return result

    async def awaited() -> Rollout:
        rollout: Rollout = await result
        return rollout

    return asyncio.run(awaited())


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("name", ["condense plus context", "context", "simple"])
def test_each_rollout_begins_with_the_conversation_that_the_app_held(
    name: str, mode: Any, index: VectorStoreIndex
) -> None:
    llm = model()
    app = SHAPES[name][0](index, llm)
    system = LlamaIndexAdapter(mode=mode).wrap(app)
    for question in ("First question?", "Second question?"):
        assert ran(system.run({}, question)).error is None
    last = llm.seen[-1].text
    assert "Tell me of Portugal." in last
    assert "Second question?" in last
    assert "First question?" not in last
    assert [message.content for message in app.chat_history] == [one.content for one in HISTORY]


def test_a_conversation_in_a_database_is_read_once_and_not_written_to() -> None:
    kept = Memory.from_defaults(chat_history=list(HISTORY), token_limit=10_000)
    llm = model()
    system = LlamaIndexAdapter().wrap(SimpleChatEngine.from_defaults(llm=llm, memory=kept))
    for question in ("First question?", "Second question?"):
        assert ran(system.run({}, question)).error is None
    assert "Tell me of Portugal." in llm.seen[-1].text
    assert "First question?" not in llm.seen[-1].text
    assert [message.content for message in kept.get_all()] == [one.content for one in HISTORY]
    asyncio_run(kept.sql_store._async_engine.dispose())  # type: ignore[attr-defined]


def test_the_memory_of_one_rollout_works_like_the_databases() -> None:
    async def use() -> None:
        store = ListChatStore.holding({"a": HISTORY})
        await store.add_message("b", HISTORY[0])
        assert await store.get_keys() == ["a", "b"]
        assert await store.archive_oldest_messages("a", 1) == HISTORY[:1]
        assert await store.get_messages("a") == HISTORY[1:]
        assert await store.count_messages("a", None) == 2
        assert await store.get_messages("a", None, limit=1, offset=1) == HISTORY[1:]
        assert await store.delete_oldest_messages("a", 5) == HISTORY[1:]
        assert await store.delete_message("a", 0) == HISTORY[0]
        assert await store.delete_message("a", 0) is None
        await store.set_messages("b", HISTORY)
        await store.delete_messages("b", MessageStatus.ARCHIVED)
        assert await store.count_messages("b") == 2

    asyncio.run(use())


def test_a_memory_can_be_shared_by_all_rollouts() -> None:
    llm = model()
    app = SimpleChatEngine.from_defaults(llm=llm, memory=ChatMemoryBuffer.from_defaults(token_limit=1000))
    system = LlamaIndexAdapter(share=[app._memory]).wrap(app)
    for question in ("First question?", "Second question?"):
        ran(system.run({}, question))
    assert "First question?" in llm.seen[-1].text


def test_a_streamed_answer_is_read_to_its_end(index: VectorStoreIndex) -> None:
    llm = ScriptedLLM(reply=lambda _: "Lisbon it is.")
    app = context(index, llm)
    rollout = ran(LlamaIndexAdapter(call="stream_chat").wrap(app).run({}, "Which city?"))
    assert str(rollout.output) == "Lisbon it is."
    [step] = [step for step in rollout.trajectory.steps if step.kind == "model"]
    assert step.output == {"role": "assistant", "content": "Lisbon it is."}
    assert step.usage.output_tokens == 3


def test_what_a_fake_is_asked_can_be_read() -> None:
    assert Ask("text", ("tool",)).everything == "text\n\ntool"
