"""Conversation memory and other state that each rollout begins with afresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_index.core.async_utils import asyncio_run
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import BaseMemory, Memory
from llama_index.core.storage.chat_store import BaseChatStore, SimpleChatStore
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore
from llama_index.core.storage.chat_store.sql import SQLAlchemyChatStore
from llama_index.core.workflow import Workflow

from gepa_core.appgraph.children import instance_dict
from gepa_core.appgraph.shells import shell_of
from gepa_llamaindex.chat_store import ListChatStore

Renew = Callable[[Any], None]
"""Gives a copy state of its own."""


def renewal_of(original: object) -> Renew | None:
    """How a shallow copy of ``original`` is given state of its own; None when that needs nothing.

    What the memory holds now is what every rollout begins with; it is read here, once.
    """
    if isinstance(original, BaseLLM):
        return share_private(original)
    if isinstance(original, Workflow):
        return _own_resources
    if isinstance(original, Memory):
        return _own_database(original)
    if isinstance(original, BaseMemory):
        # several classes of memories keep a chat store, and share no base class that says so
        store = (instance_dict(original) or {}).get("chat_store")
        return _own_chat_store(original, store) if isinstance(store, BaseChatStore) else _own_lists
    return None


def share_private(original: BaseLLM) -> Renew:
    """A model makes its client when it is first called: let the copy make it for the original too."""

    def renew(copy: BaseLLM) -> None:
        object.__setattr__(copy, "__pydantic_private__", original.__pydantic_private__)

    return renew


def _own_resources(copy: Any) -> None:
    """Resources that a workflow caches may be memories."""
    manager = (instance_dict(copy) or {}).get("_resource_manager")
    if manager is not None:
        fresh = shell_of(manager)
        fresh.resources = dict(fresh.resources)
        copy.__dict__["_resource_manager"] = fresh


def _own_chat_store(original: Any, store: BaseChatStore) -> Renew:
    if isinstance(store, SimpleChatStore):
        held = {key: list(messages) for key, messages in store.store.items()}
    else:
        held = {original.chat_store_key: list(store.get_messages(original.chat_store_key))}

    def renew(copy: Any) -> None:
        fresh = SimpleChatStore(store={key: list(messages) for key, messages in held.items()})
        copy.__dict__["chat_store"] = fresh
        _own_lists(copy)

    return renew


def _own_database(original: Memory) -> Renew:
    active: list[ChatMessage] = []
    if _may_hold_messages(original.sql_store):
        active = asyncio_run(original.sql_store.get_messages(original.session_id))

    def renew(copy: Any) -> None:
        copy.__dict__["sql_store"] = ListChatStore.holding({original.session_id: active})
        copy.__dict__["memory_blocks"] = [_own_block(block) for block in copy.memory_blocks]

    return renew


def _may_hold_messages(store: AsyncDBChatStore) -> bool:
    """Whether there is something to read: a database in memory that was never opened is empty."""
    if not isinstance(store, SQLAlchemyChatStore):
        return True
    private = store.__pydantic_private__ or {}
    in_memory = str(store.async_database_uri) in ("sqlite+aiosqlite:///:memory:", "sqlite+aiosqlite://")
    return bool(private.get("_db_data") or private.get("_async_engine") is not None or not in_memory)


def _own_block(block: Any) -> Any:
    fresh = shell_of(block)
    _own_lists(fresh)
    return fresh


def _own_lists(copy: Any) -> None:
    """State that a memory keeps in plain containers, such as the facts that it has collected."""
    for name, held in list((instance_dict(copy) or {}).items()):
        if isinstance(held, list | dict | set):
            copy.__dict__[name] = held.copy()
