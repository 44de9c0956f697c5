"""What the shapes answer from, offline: three documents with constant embeddings, and a conversation."""

from __future__ import annotations

import functools
from typing import Any

from gepa_llamaindex.chat_store import ListChatStore
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.tools import QueryEngineTool

QUESTION = "What is the capital?"
HISTORY = [
    ChatMessage(role="user", content="Tell me of Portugal."),
    ChatMessage(role="assistant", content="Gladly."),
]
TEXT_QA = ("text_qa.system", "text_qa.user")
RAG = ("retrieval", "model")


@functools.cache
def index() -> VectorStoreIndex:
    """The index; all shapes share it, as apps would."""
    documents = [
        Document(text="Lisbon is the capital of Portugal.", doc_id="lisbon"),
        Document(text="Porto lies on the river Douro.", doc_id="porto"),
        Document(text="Faro has an airport.", doc_id="faro"),
    ]
    return VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=8))


def memory(*, holds: list[ChatMessage] = HISTORY) -> Memory:
    """A memory without the database of LlamaIndex's own, which nothing closes."""
    made = Memory(token_limit=10_000, token_flush_size=1_000, session_id="session")
    vars(made)["sql_store"] = ListChatStore.holding({"session": holds})
    return made


def queried(engine: Any) -> Any:
    """Ask an engine as its users do."""
    return engine.query(QUESTION)


def cities(llm: Any) -> QueryEngineTool:
    """An engine as a tool."""
    return QueryEngineTool.from_defaults(
        index().as_query_engine(llm=llm), name="cities", description="Answers questions about cities."
    )
