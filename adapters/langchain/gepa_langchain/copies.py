"""Copies of an app: what has to be put right in them after the path to a text was copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool

from gepa_core.appgraph import Graph, PathCopy, Policy, Site, path_copy
from gepa_langchain.graphs import is_graph

_MEMO = "_tool_call_schema_memo"


def copy_app(graph: Graph, values: Mapping[Site, Any], policy: Policy) -> Any:
    """The app with ``values`` at their sites, for its user."""
    copied = path_copy(graph, values, policy)
    finish(copied)
    return copied.root


def finish(copied: PathCopy, *, recursion_limit: int | None = None) -> None:
    """Let copied tools forget what they computed of their old texts, and limit the steps of copied graphs."""
    for value in copied.made.values():
        if isinstance(value, BaseTool):
            private = value.__pydantic_private__
            if private and _MEMO in private:
                private[_MEMO] = None
        elif recursion_limit is not None and is_graph(value):
            _limit(value, recursion_limit)


def _limit(graph: Any, steps: int) -> None:
    config = dict(graph.config or {})
    own = config.get("recursion_limit")
    config["recursion_limit"] = steps if own is None else min(own, steps)
    graph.__dict__["config"] = config
