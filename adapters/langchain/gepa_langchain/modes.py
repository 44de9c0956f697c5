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

_PAIRS: tuple[tuple[type, str, str], ...] = (
    (RunnableLambda, "func", "afunc"),
    (RunnableGenerator, "_transform", "_atransform"),
    (RunnablePassthrough, "func", "afunc"),
    (BaseTool, "func", "coroutine"),
)


def is_async_only(graph: Graph) -> bool:
    """Whether a step of the app has only an async function, so that ``invoke`` would raise."""
    return any(_has_only_async(node.value) for node in graph.nodes.values())


def _has_only_async(value: object) -> bool:
    if not isinstance(value, Runnable):
        return False
    held = vars(value)
    return any(
        isinstance(value, kind) and held.get(sync) is None and held.get(asynchronous) is not None
        for kind, sync, asynchronous in _PAIRS
    )
