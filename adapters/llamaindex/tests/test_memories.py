"""Every rollout begins with the conversation that the app held, and leaves none behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.chat_store import ListChatStore
from gepa_llamaindex.testing import ScriptedLLM
from llama_index.core.async_utils import asyncio_run
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import ChatMemoryBuffer, Memory
from llama_index.core.storage.chat_store.base_db import MessageStatus

from gepa_core.types import Rollout

from .shapes.chats import SHAPES, context
from .shapes.sources import HISTORY


def model() -> ScriptedLLM:
    return ScriptedLLM(reply=lambda _: "Lisbon it is.")


def ran(result: Any) -> Rollout:
    if isinstance(result, Rollout):
        return result

    async def awaited() -> Rollout:
        rollout: Rollout = await result
        return rollout

    return asyncio.run(awaited())


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("name", ["18 condense plus context", "18 context", "18 simple"])
def test_each_rollout_begins_with_the_conversation_that_the_app_held(name: str, mode: Any) -> None:
    llm = model()
    app = SHAPES[name].make(llm)
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


def test_a_streamed_answer_is_read_to_its_end() -> None:
    app = context(model())
    rollout = ran(LlamaIndexAdapter(call="stream_chat").wrap(app).run({}, "Which city?"))
    assert str(rollout.output) == "Lisbon it is."
    [step] = [step for step in rollout.trajectory.steps if step.kind == "model"]
    assert step.output == {"role": "assistant", "content": "Lisbon it is."}
    assert step.usage.output_tokens == 3
