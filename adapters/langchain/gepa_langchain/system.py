"""A LangChain app, wrapped: its components, how it runs with other texts, how to hand it back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import DEFAULT_RECURSION_LIMIT, merge_configs

from gepa_core.appgraph import Graph, Plans, Site, changed_texts, check_names
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Rollout
from gepa_langchain.attribution import Attribution
from gepa_langchain.copies import copy_app
from gepa_langchain.findings import Found, values_at
from gepa_langchain.fresh import Freshness
from gepa_langchain.policy import LangChainPolicy
from gepa_langchain.recorder import Recorder


@attrs.frozen(eq=False)
class Plan:
    """What one candidate holds at which site, how to attribute its model calls, its tools' schemas."""

    values: Mapping[Site, Any]
    attribution: Attribution
    schemas: dict[int, Any] = attrs.field(init=False, factory=dict, repr=False)


@attrs.frozen(eq=False, kw_only=True)
class Calling:
    """How an app is called, the adapter's options.

    Attributes:
        config: goes into every run, such as ``{"configurable": {"user_id": "x"}}``.
        arguments: further arguments of ``invoke``, such as ``{"context": {...}}`` for a graph.
        recursion_limit: the most steps of a graph.
        ids: keys of ``configurable`` that get a fresh value in each run, such as ``"thread_id"``.
        is_graph: whether the app itself is a graph.
    """

    config: RunnableConfig = attrs.field(factory=RunnableConfig)
    arguments: Mapping[str, Any] = attrs.field(factory=dict)
    recursion_limit: int = 100
    ids: Sequence[str] = ()
    is_graph: bool = False

    def config_with(self, recorder: Recorder) -> RunnableConfig:
        """The config of one run."""
        fresh = {name: uuid.uuid4().hex for name in self.ids}
        config = merge_configs(self.config, {"callbacks": [recorder]})
        if fresh:
            config["configurable"] = {**fresh, **config.get("configurable", {})}
        given = config.get("recursion_limit", None if self.is_graph else DEFAULT_RECURSION_LIMIT)
        if given is not None:  # a graph's copy has the limit in a config of its own
            config["recursion_limit"] = min(given, self.recursion_limit)
        return config


@attrs.define(eq=False, kw_only=True)
class LangChainSystem:
    """What the sync and the async system share.

    Attributes:
        components: every text that may change, in the order of the walk.
        left_alone: texts that were found and are not components.
        graph: the app as it was walked.
        found: where each component stands, by its name.
        policy: decides what is shared.
        freshness: what each rollout has for itself.
        calling: how the app is called.
    """

    components: Sequence[Component]
    left_alone: Sequence[LeftAlone]
    graph: Graph = attrs.field(repr=False)
    found: Mapping[str, Found] = attrs.field(repr=False)
    policy: LangChainPolicy = attrs.field(repr=False)
    freshness: Freshness = attrs.field(repr=False)
    calling: Calling = attrs.field(factory=Calling, repr=False)
    _plans: Plans[Plan] = attrs.field(init=False, factory=Plans, repr=False)

    def build(self, texts: Mapping[str, str]) -> Any:
        """A copy of the app with ``texts``, of its own type and without instrumentation.

        A component that ``texts`` does not name keeps its text. Models, clients and stores are the app's
        own. The app itself stays as it is.

        Raises:
            ConfigurationError: a name is not a component's, or a text would lose or add a variable.
        """
        check_names(texts, self.found)
        return copy_app(self.graph, self._plan(texts).values, self.policy)

    def _plan(self, texts: Mapping[str, str]) -> Plan:
        """The plan for ``texts``, made once and kept while it is among those used last."""
        return self._plans.get(texts, self.found, lambda: self._plan_anew(texts))

    def _plan_anew(self, texts: Mapping[str, str]) -> Plan:
        changed = changed_texts(texts, self.components)
        return Plan(values_at(changed, self.found), Attribution.of(self.found, self.components, texts))

    def _begin(self, texts: Mapping[str, str], recorder: Recorder) -> Runnable[Any, Any]:
        """The app for one rollout."""
        plan = self._plan(texts)
        recorder.attribution = plan.attribution
        app: Runnable[Any, Any] = self.freshness.copy(
            self.graph,
            plan.values,
            self.policy,
            recorder=recorder,
            recursion_limit=self.calling.recursion_limit,
            schemas=plan.schemas,
        )
        return app


class SyncSystem(LangChainSystem):
    """Runs the app with ``invoke``; the engine calls it on worker threads."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Invoke the candidate's copy on ``inputs`` and write down what it does.

        Raises:
            ConfigurationError: a name is not a component's.
        """
        check_names(texts, self.found)
        recorder = Recorder()
        try:
            app = self._begin(texts, recorder)
            config = self.calling.config_with(recorder)
            output = app.invoke(inputs, config=config, **self.calling.arguments)
        except Exception as error:
            return Rollout(trajectory=recorder.trajectory(), error=error)
        return Rollout(output=output, trajectory=recorder.trajectory())


class AsyncSystem(LangChainSystem):
    """Runs the app with ``ainvoke`` on the engine's event loop."""

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Invoke the candidate's copy on ``inputs`` and write down what it does.

        Raises:
            ConfigurationError: a name is not a component's.
        """
        check_names(texts, self.found)
        recorder = Recorder()
        try:
            app = self._begin(texts, recorder)
            config = self.calling.config_with(recorder)
            output = await app.ainvoke(inputs, config=config, **self.calling.arguments)
        except Exception as error:
            return Rollout(trajectory=recorder.trajectory(), error=error)
        return Rollout(output=output, trajectory=recorder.trajectory())
