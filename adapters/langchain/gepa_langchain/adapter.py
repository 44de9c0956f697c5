"""The adapter for LangChain: takes any Runnable as it is."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from langchain_core.runnables import Runnable, RunnableConfig

from gepa_core.appgraph import Graph, walk
from gepa_core.errors import ConfigurationError
from gepa_langchain.describe import components_of
from gepa_langchain.findings import sort_sites
from gepa_langchain.model import LangChainModel, as_language_model
from gepa_langchain.modes import is_async_only
from gepa_langchain.policy import LangChainPolicy
from gepa_langchain.system import AsyncSystem, SyncSystem


@attrs.frozen(eq=False, kw_only=True)
class LangChainAdapter:
    """Finds the prompts in a Runnable and runs copies of it that have other ones.

    Attributes:
        mode: ``"sync"`` runs the app with ``invoke`` on worker threads, ``"async"`` with ``ainvoke`` on the
            event loop, ``"auto"`` is async only where a step of the app has nothing but a coroutine function.
        texts: ``"instructions"`` makes components of what reads like an instruction, ``"all"`` also of
            labels, bare placeholders, example turns and short values.
        config: goes into every run of the app, such as ``{"configurable": {"session_id": "optimise"}}``.
    """

    mode: Literal["auto", "sync", "async"] = attrs.field(
        default="auto", validator=attrs.validators.in_(("auto", "sync", "async"))
    )
    texts: Literal["instructions", "all"] = attrs.field(
        default="instructions", validator=attrs.validators.in_(("instructions", "all"))
    )
    config: RunnableConfig = attrs.field(factory=RunnableConfig)

    def wrap(self, target: Any) -> SyncSystem | AsyncSystem:
        """Find the texts of ``target``.

        Raises:
            ConfigurationError: it is not a Runnable.
        """
        if not isinstance(target, Runnable):
            what = repr(target) if isinstance(target, type) else f"a {type(target).__qualname__}"
            raise ConfigurationError(
                f"the LangChain adapter takes Runnables, not {what}; wrap a function or method with"
                " RunnableLambda(...), and call what makes the chain before passing it"
            )
        policy = LangChainPolicy()
        graph = walk(target, policy)
        found, left_alone = sort_sites(graph, policy, everything=self.texts == "all")
        components = components_of(found)
        kind = AsyncSystem if self._is_async(graph) else SyncSystem
        return kind(
            components=tuple(components),
            left_alone=tuple(left_alone),
            graph=graph,
            found={component.name: one for component, one in zip(components, found, strict=True)},
            policy=policy,
            config=self.config,
        )

    def language_model(self, model: Any) -> LangChainModel | None:
        """A LangChain model, or one wrapped by ``.bind`` and the like, as a `LanguageModel`; else None."""
        return as_language_model(model)

    def _is_async(self, graph: Graph) -> bool:
        return self.mode == "async" or (self.mode == "auto" and is_async_only(graph))
