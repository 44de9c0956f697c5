"""Shape 18: chat engines with memory."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from gepa_llamaindex.testing import ScriptedLLM, Shape
from llama_index.core.chat_engine import (
    CondensePlusContextChatEngine,
    CondenseQuestionChatEngine,
    ContextChatEngine,
    SimpleChatEngine,
)
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer

from .sources import HISTORY, RAG, TEXT_QA, index, memory

SYSTEM = "You are a guide who knows every town of Portugal."
FOLLOW_UP = "And the capital?"


def condense_question(llm: ScriptedLLM) -> Any:
    return CondenseQuestionChatEngine.from_defaults(
        index().as_query_engine(llm=llm), llm=llm, memory=memory()
    )


def condense_plus_context(llm: ScriptedLLM) -> Any:
    return CondensePlusContextChatEngine.from_defaults(
        index().as_retriever(), llm=llm, memory=memory(), system_prompt=SYSTEM
    )


def context(llm: ScriptedLLM) -> Any:
    buffer = ChatMemoryBuffer.from_defaults(chat_history=list(HISTORY), token_limit=10_000)
    return ContextChatEngine.from_defaults(
        index().as_retriever(), llm=llm, memory=buffer, system_prompt=SYSTEM
    )


def simple(llm: ScriptedLLM) -> Any:
    return SimpleChatEngine.from_defaults(llm=llm, memory=memory(), system_prompt=SYSTEM)


def with_summaries(llm: ScriptedLLM) -> Any:
    buffer = ChatSummaryMemoryBuffer.from_defaults(
        chat_history=[*HISTORY, *HISTORY, *HISTORY],
        llm=llm,
        token_limit=12,
        tokenizer_fn=str.split,
        summarize_prompt="Summarise what was said so far in one sentence.",
    )
    return SimpleChatEngine.from_defaults(llm=llm, memory=buffer, system_prompt=SYSTEM)


def _shape(
    make: Callable[[ScriptedLLM], Any],
    *names: str,
    silent: Collection[str] = (),
    steps: Collection[str] = ("model",),
) -> Shape:
    return Shape(
        make=make,
        call=lambda app: app.chat(FOLLOW_UP),
        inputs=FOLLOW_UP,
        names=names,
        silent=silent,
        steps=steps,
        model=lambda: ScriptedLLM(reply=lambda _: "Lisbon it is."),
    )


SHAPES = {
    "18 condense question": _shape(
        condense_question, "condense_question", *TEXT_QA, "refine", silent=("refine",), steps=RAG
    ),
    "18 condense plus context": _shape(
        condense_plus_context,
        *("condense", "context", "context_refine", "system"),
        silent=("context_refine",),
        steps=RAG,
    ),
    "18 context": _shape(
        context, "context", "context_refine", "system", silent=("context_refine",), steps=RAG
    ),
    "18 simple": _shape(simple, "system"),
    "18 simple, with summaries": _shape(with_summaries, "system", "summarize"),
}
