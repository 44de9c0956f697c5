"""An index over three small documents, offline: embeddings are constant and tokens are words."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator

import pytest
from llama_index.core import Document, MockEmbedding, Settings, VectorStoreIndex, set_global_tokenizer
from llama_index.core.llms import MockLLM


@pytest.fixture(scope="session", autouse=True)
def _offline() -> None:
    set_global_tokenizer(str.split)
    Settings.embed_model = MockEmbedding(embed_dim=8)
    Settings.llm = MockLLM()


@pytest.fixture(scope="module", autouse=True)
def _collect_what_the_framework_leaves_open() -> Iterator[None]:
    """LlamaIndex closes neither the databases of its memories nor the event loops that it makes."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.set_event_loop(None)
        gc.collect()


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
def index(_offline: None) -> VectorStoreIndex:
    documents = [
        Document(text="Lisbon is the capital of Portugal.", doc_id="lisbon"),
        Document(text="Porto lies on the river Douro.", doc_id="porto"),
        Document(text="Faro has an airport.", doc_id="faro"),
    ]
    return VectorStoreIndex.from_documents(documents)
