"""The adapter for LangChain and LangGraph: takes any Runnable as it is, agents and graphs included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
from langchain_core.runnables import Runnable, RunnableConfig

from gepa_core.appgraph import Graph, Sent, walk
from gepa_core.appgraph.sent import all_sent, unreachable
from gepa_core.errors import ConfigurationError
from gepa_langchain.describe import components_of
from gepa_langchain.findings import sort_texts
from gepa_langchain.found import Found
from gepa_langchain.fresh import Freshness
from gepa_langchain.graphs import is_graph
from gepa_langchain.memories import fresh_ids
from gepa_langchain.model import LangChainModel, as_language_model
from gepa_langchain.modes import is_async_only
from gepa_langchain.passed import Passed, Texts, check_passable, texts_passed
from gepa_langchain.policy import LangChainPolicy
from gepa_langchain.sending import models_in, replaced_already
from gepa_langchain.system import AsyncSystem, Calling, SyncSystem


@attrs.frozen(eq=False, kw_only=True)
class LangChainAdapter:
    """Finds the prompts in a Runnable and runs copies of it that have other ones.

    Attributes:
        mode: ``"sync"`` runs the app with ``invoke`` on worker threads, ``"async"`` with ``ainvoke`` on the
            event loop, ``"auto"`` is async only where a step of the app has nothing but a coroutine function.
        texts: ``"instructions"`` makes components of what reads like an instruction, ``"all"`` also of
            labels, bare placeholders, example turns and short values.
        config: goes into every run of the app, such as ``{"configurable": {"user_id": "optimise"}}``.
        arguments: further arguments of ``invoke``, such as ``{"context": Context(…)}`` for a graph.
        share: objects of the app that all rollouts use together: memories, checkpointers, stores, caches,
            and lists, dicts and objects of the app's own. Without it every rollout begins with what they
            held when the app was wrapped, and checkpointers and caches of a graph begin empty.
        recursion_limit: the most steps that a graph may take in a rollout; a lower limit of its own holds.
    """

    mode: Literal["auto", "sync", "async"] = attrs.field(
        default="auto", validator=attrs.validators.in_(("auto", "sync", "async"))
    )
    texts: Literal["instructions", "all"] = attrs.field(
        default="instructions", validator=attrs.validators.in_(("instructions", "all"))
    )
    sent: Mapping[str, str] = attrs.field(factory=dict)
    context: Texts = attrs.field(factory=dict)
    configurable: Texts = attrs.field(factory=dict)
    config: RunnableConfig = attrs.field(factory=RunnableConfig)
    arguments: Mapping[str, Any] = attrs.field(factory=dict)
    share: Sequence[object] = ()
    recursion_limit: int = attrs.field(default=100, validator=attrs.validators.ge(1))

    def wrap(self, target: Any) -> SyncSystem | AsyncSystem:
        """Find the texts of ``target``.

        Raises:
            ConfigurationError: it is not a Runnable.
        """
        if not isinstance(target, Runnable):
            what = repr(target) if isinstance(target, type) else f"a {type(target).__qualname__}"
            raise ConfigurationError(
                f"the LangChain adapter takes Runnables, not {what}; wrap a function or method with"
                " RunnableLambda(...), call what makes the chain before passing it, and compile a StateGraph"
            )
        check_passable(target, {"context": self.context, "configurable": self.configurable})
        policy = LangChainPolicy()
        graph = walk(target, policy)
        current = replaced_already(graph)
        every = sort_texts(graph, policy, everything=self.texts == "all", current=current)
        held = {one.guard.natural.strip(): one.place.source for one in every.found}
        sent = all_sent(self.sent, every.sent, current, held)
        left_alone = [*every.left, *([] if models_in(graph) else unreachable(sent))]
        passed = [*texts_passed(self.context, "context"), *texts_passed(self.configurable, "configurable")]
        components = components_of(every.found, sent if models_in(graph) else [], passed)
        kind = AsyncSystem if self._is_async(graph) else SyncSystem
        return kind(
            components=tuple(components),
            left_alone=tuple(left_alone),
            graph=graph,
            found={about.name: one for about, one in components.items() if isinstance(one, Found)},
            sent={about.name: one for about, one in components.items() if isinstance(one, Sent)},
            passed={about.name: one for about, one in components.items() if isinstance(one, Passed)},
            policy=policy,
            freshness=Freshness.of(graph, policy, self.share),
            calling=Calling(
                config=self.config,
                arguments=self.arguments,
                recursion_limit=self.recursion_limit,
                ids=fresh_ids(graph),
                is_graph=is_graph(target),
            ),
        )

    def language_model(self, model: Any) -> LangChainModel | None:
        """A LangChain model, or one wrapped by ``.bind`` and the like, as a `LanguageModel`; else None."""
        return as_language_model(model)

    def _is_async(self, graph: Graph) -> bool:
        return self.mode == "async" or (self.mode == "auto" and is_async_only(graph))
