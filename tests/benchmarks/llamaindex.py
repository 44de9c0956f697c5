"""What `gepa-llamaindex` costs on the engines and agents of its tests."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.testing import ScriptedLLM
from llama_index.core import Document, MockEmbedding, Settings, VectorStoreIndex, set_global_tokenizer
from llama_index.core.llms import MockLLM

from adapters.llamaindex.tests import test_agents as agents
from adapters.llamaindex.tests import test_chat_engines as chats
from adapters.llamaindex.tests import test_query_engines as queries
from tests.benchmarks.row import Row
from tests.benchmarks.shapes import Shape, rows_for

QUESTION = "Which is the capital?"


def rows(full: bool) -> list[Row]:
    """Four rows over all shapes."""
    warnings.simplefilter("ignore")
    set_global_tokenizer(str.split)
    Settings.embed_model, Settings.llm = MockEmbedding(embed_dim=8), MockLLM()
    index = VectorStoreIndex.from_documents([Document(text="Lisbon is the capital of Portugal.")])

    def says(_: object) -> str:
        return "Lisbon."

    made = [
        _shape("query engine", queries.vector(index, ScriptedLLM(reply=says)), "query"),
        _shape("HyDE query engine", queries.hyde(index, ScriptedLLM(reply=says)), "query"),
        _shape("chat engine", chats.context(index, ScriptedLLM(reply=says)), "chat"),
        _shape("function agent", agents.function_agent(ScriptedLLM(reply=agents.one_tool_call)), "run"),
        _shape("agent team", agents.team(ScriptedLLM(reply=agents.handing_over)), "run"),
    ]
    return rows_for("llamaindex", made, times=15 if full else 3)


def _shape(name: str, app: Any, method: str) -> Shape:
    call: Callable[[str], Any] = getattr(app, method)
    return Shape(
        name=name, wrap=lambda: LlamaIndexAdapter().wrap(app), plain=lambda: call(QUESTION), inputs=QUESTION
    )
