"""Whether an app can be run with ``invoke``, or has a step that is only a coroutine function."""

from __future__ import annotations

from langchain_core.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnablePassthrough,
)
from langchain_core.tools import BaseTool

from gepa_core.appgraph import Graph
from gepa_core.appgraph.children import instance_dict
from gepa_core.appgraph.policy import root_package
from gepa_langchain.graphs import middlewares

_PAIRS: tuple[tuple[type, str, str], ...] = (
    (RunnableLambda, "func", "afunc"),
    (RunnableGenerator, "_transform", "_atransform"),
    (RunnablePassthrough, "func", "afunc"),
    (BaseTool, "func", "coroutine"),
)
_WRAPPERS = ("wrap_model_call", "wrap_tool_call")


def is_async_only(graph: Graph) -> bool:
    """Whether a step of the app has only an async function, so that ``invoke`` would raise."""
    return any(_has_only_async(node.value) for node in graph.nodes.values())


def _has_only_async(value: object) -> bool:
    if isinstance(value, middlewares()):
        return any(_wraps_only_async(type(value), name) for name in _WRAPPERS)
    if not isinstance(value, Runnable):
        return False
    held = instance_dict(value) or {}
    if root_package(type(value)) == "langgraph" and {"func", "afunc"} <= held.keys():
        return held["func"] is None and held["afunc"] is not None
    return any(
        isinstance(value, kind) and held.get(sync) is None and held.get(asynchronous) is not None
        for kind, sync, asynchronous in _PAIRS
    )


def _wraps_only_async(kind: type, name: str) -> bool:
    """Whether a middleware overrides the async form of a method and leaves the other, which raises."""
    return _is_overridden(kind, f"a{name}") and not _is_overridden(kind, name)


def _is_overridden(kind: type, name: str) -> bool:
    bases = middlewares()
    defines = next((base for base in kind.__mro__ if name in vars(base)), None)
    return defines is not None and defines not in bases
