"""Fresh memories, checkpointers and caches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage
from langchain_core.runnables.history import RunnableWithMessageHistory

from gepa_core.appgraph import Graph
from gepa_core.appgraph.children import SCALARS, instance_dict, read_slot, slots
from gepa_core.appgraph.shells import shell_of
from gepa_langchain.graphs import checkpointers, is_graph, node_caches, stores_in_memory

_CONTAINERS = (dict, list, set, deque)


class ListedMessages(BaseChatMessageHistory):
    """The messages of one rollout, in place of a history that lives outside of the process."""

    def __init__(self, messages: list[BaseMessage]) -> None:
        self.messages = messages

    def clear(self) -> None:
        """Forget all messages."""
        self.messages = []

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append ``messages``."""
        self.messages = [*self.messages, *messages]


def renewal_of(value: Any) -> Callable[[], object] | None:
    """Makes a fresh one of what ``value`` is: None for what is no memory.

    Checkpointers and caches begin empty. Histories and stores begin with what they held when the app was
    wrapped: a history that lives outside of the process is read then, once, and never written.
    """
    if isinstance(value, checkpointers()):
        return lambda: _saver(value)
    if isinstance(value, node_caches()):
        return lambda: _cache(value)
    if isinstance(value, stores_in_memory()):
        return _with_own_containers(value)
    if isinstance(value, BaseChatMessageHistory):
        return _history(value)
    return None


def fresh_ids(graph: Graph) -> tuple[str, ...]:
    """Keys of ``configurable`` by which the app tells conversations apart."""
    names: list[str] = []
    for node in graph.nodes.values():
        if is_graph(node.value) and (instance_dict(node.value) or {}).get("checkpointer"):
            names.append("thread_id")
        if isinstance(node.value, RunnableWithMessageHistory):
            names += [spec.id for spec in node.value.history_factory_config if spec.annotation is str]
    return tuple(dict.fromkeys(names))


def _saver(original: Any) -> object:
    from langgraph.checkpoint.memory import InMemorySaver

    return InMemorySaver(serde=original.serde)


def _cache(original: Any) -> object:
    from langgraph.cache.memory import InMemoryCache

    return InMemoryCache(serde=original.serde)


def _history(original: BaseChatMessageHistory) -> Callable[[], object]:
    own = (instance_dict(original) or {}).values()
    if all(isinstance(held, (str, *SCALARS, *_CONTAINERS)) for held in own):
        return _with_own_containers(original)
    messages = list(original.messages)
    return lambda: ListedMessages(list(messages))


def _with_own_containers(original: object) -> Callable[[], object]:
    held = {name: _copied(value) for name, value in _attributes(original) if isinstance(value, _CONTAINERS)}

    def renew() -> object:
        shell = shell_of(original)
        for name, value in held.items():
            object.__setattr__(shell, name, _copied(value))
        return shell

    return renew


def _attributes(value: object) -> list[tuple[str, object]]:
    found = list((instance_dict(value) or {}).items())
    return [*found, *((name, read_slot(slot, value)) for name, slot in slots(type(value)).items())]


def _copied(value: Any) -> Any:
    """A container with its own containers, and the same other values."""
    if not isinstance(value, _CONTAINERS):
        return value
    if isinstance(value, set):
        return value.copy()
    shell = shell_of(value)
    if isinstance(shell, dict):
        for key, held in list(shell.items()):
            shell[key] = _copied(held)
    elif isinstance(shell, list | deque):
        for number, held in enumerate(shell):
            shell[number] = _copied(held)
    return shell
