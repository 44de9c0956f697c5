"""What of LangGraph and LangChain's agents is loaded: neither is imported for an app that does not use it."""

from __future__ import annotations

import sys
from typing import Any

Kinds = tuple[type, ...]


def loaded(module: str, *names: str) -> Kinds:
    """Classes of a module; empty, which nothing is an instance of, while nobody has imported it."""
    found = (vars(sys.modules[module]).get(name) for name in names) if module in sys.modules else ()
    return tuple(kind for kind in found if isinstance(kind, type))


def compiled_graphs() -> Kinds:
    """What ``StateGraph.compile``, ``create_agent`` and ``@entrypoint`` make."""
    return loaded("langgraph.pregel", "Pregel")


def checkpointers() -> Kinds:
    """What keeps the state of threads."""
    return loaded("langgraph.checkpoint.base", "BaseCheckpointSaver")


def node_caches() -> Kinds:
    """What keeps the answers of nodes, by their input and not by the prompts in them."""
    return loaded("langgraph.cache.base", "BaseCache")


def stores_in_memory() -> Kinds:
    """Long-term memory that lives in the process."""
    return loaded("langgraph.store.memory", "InMemoryStore")


def middlewares() -> Kinds:
    """What ``create_agent`` takes as middleware."""
    return loaded("langchain.agents.middleware.types", "AgentMiddleware")


def is_graph(value: object) -> bool:
    """Whether ``value`` is a compiled graph."""
    return isinstance(value, compiled_graphs())


def name_of_graph(value: Any) -> str:
    """The name that the app gave to a graph, empty for the one that LangGraph gives to all."""
    name = vars(value).get("name")
    return name if isinstance(name, str) and name != "LangGraph" else ""
