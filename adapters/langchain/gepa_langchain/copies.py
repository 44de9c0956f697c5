"""Copies of an app: what has to be put right in them after the path to a text was copied."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tools import BaseTool

from gepa_core.appgraph import Graph, PathCopy, Policy, Rewriting, Site, path_copy
from gepa_langchain.graphs import compiled_graphs
from gepa_langchain.listening import CALLED, listen
from gepa_langchain.rewriting import rewriting_model, rewriting_of
from gepa_langchain.sending import models_in

_MEMO = "_tool_call_schema_memo"


def copy_app(graph: Graph, values: Mapping[Site, Any], policy: Policy, rewriting: Rewriting) -> Any:
    """The app with ``values`` at their sites, for its user.

    Args:
        rewriting: texts that models replace in what they are sent.
    """
    replaced = {
        id(model): rewriting_model(model, rewriting)
        for model in models_in(graph)
        if not (rewriting.is_idle and rewriting_of(model).is_idle)
    }
    copied = path_copy(graph, values, policy, replaced=replaced)
    for tool in copied.made.values():
        if isinstance(tool, BaseTool):
            _remember(tool, None)
    return copied.root


def finish(
    copied: PathCopy,
    *,
    recorder: BaseCallbackHandler,
    recursion_limit: int,
    schemas: MutableMapping[int, Any],
) -> None:
    """Make copied tools show a model their new texts, let all be heard, limit the steps of copied graphs.

    Args:
        recorder: hears of each call of a tool or retriever.
        recursion_limit: the most steps.
        schemas: of tools, by the ``id`` of the original, which copies with the same texts share: making
            one takes longer than all else that a rollout needs.
    """
    graphs = compiled_graphs()
    for key, value in copied.made.items():
        if isinstance(value, CALLED):
            listen(value, recorder)
        if isinstance(value, BaseTool):
            _remember(value, schemas.get(key))
            if key not in schemas:
                schemas[key] = _schema_of(value)
        elif isinstance(value, graphs):
            _limit(value, recursion_limit)


def _remember(tool: BaseTool, schema: Any) -> None:
    """Let a tool have computed ``schema``; None for not yet. Older versions remember none."""
    private = tool.__pydantic_private__
    if private and _MEMO in private:
        private[_MEMO] = schema


def _schema_of(tool: BaseTool) -> Any:
    """What the tool shows a model, None where its class cannot say or does not remember."""
    if _MEMO not in (tool.__pydantic_private__ or {}):
        return None
    try:
        schema = tool.tool_call_schema
    except Exception:  # any class of the app's; the agent that offers the tool will say it
        return None
    return None if isinstance(schema, dict) else schema


def _limit(graph: Any, steps: int) -> None:
    config = dict(graph.config or {})
    own = config.get("recursion_limit")
    config["recursion_limit"] = steps if own is None else min(own, steps)
    graph.__dict__["config"] = config
