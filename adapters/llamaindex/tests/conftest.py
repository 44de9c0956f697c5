"""Offline settings, and one event loop for LlamaIndex's sync calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from llama_index.core import MockEmbedding, Settings, VectorStoreIndex, set_global_tokenizer
from llama_index.core.llms import MockLLM

pytest.register_assert_rewrite("gepa_llamaindex.testing.properties")

from .shapes.sources import index as made_index  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def _offline() -> None:
    """Tokens are words, and embeddings are constant."""
    set_global_tokenizer(str.split)
    Settings.embed_model = MockEmbedding(embed_dim=8)
    Settings.llm = MockLLM()


@pytest.fixture(scope="session")
def loop_of_the_main_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def _one_loop(loop_of_the_main_thread: asyncio.AbstractEventLoop) -> None:
    """LlamaIndex's sync calls take the main thread's loop, or make one for each call and leave it open."""
    asyncio.set_event_loop(loop_of_the_main_thread)


@pytest.fixture(scope="session")
def index() -> VectorStoreIndex:
    """The index over three small documents that the shapes share."""
    return made_index()
