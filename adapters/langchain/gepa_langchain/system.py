"""A LangChain app, wrapped: its components, how it runs with other texts, how to hand it back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import DEFAULT_RECURSION_LIMIT, merge_configs

from gepa_core.appgraph import (
    Change,
    Graph,
    Plans,
    Rewriting,
    Sent,
    Site,
    changed_texts,
    check_names,
    known,
)
from gepa_core.pacing import current_calls
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Rollout
from gepa_langchain.attribution import Attribution
from gepa_langchain.copies import copy_app
from gepa_langchain.found import Found, values_at
from gepa_langchain.fresh import Freshness
from gepa_langchain.passed import Passed, Where, bound, nested, put, unbind
from gepa_langchain.policy import LangChainPolicy
from gepa_langchain.recorder import Recorder


@attrs.frozen(eq=False)
class Plan:
    """What is worked out once for a candidate.

    Attributes:
        values: what it holds at which site.
        rewriting: what its models replace in what they are sent.
        attribution: tells the components of its model calls.
        passed: the mappings that it is given.
        schemas: those of its tools.
    """

    values: Mapping[Site, Any]
    rewriting: Rewriting
    attribution: Attribution
    passed: Mapping[Where, Mapping[str, Any]]
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

    def config_with(self, recorder: Recorder, passed: Mapping[str, Any]) -> RunnableConfig:
        """The config of one run.

        Args:
            passed: texts that go into ``configurable``.
        """
        fresh = {name: uuid.uuid4().hex for name in self.ids}
        config = merge_configs(self.config, {"callbacks": [recorder]})
        if fresh or passed:
            config["configurable"] = put({**fresh, **config.get("configurable", {})}, passed)
        given = config.get("recursion_limit", None if self.is_graph else DEFAULT_RECURSION_LIMIT)
        if given is not None:  # a graph's copy has the limit in a config of its own
            config["recursion_limit"] = min(given, self.recursion_limit)
        return config

    def arguments_with(self, passed: Mapping[str, Any]) -> Mapping[str, Any]:
        """Further arguments of one run.

        Args:
            passed: texts that go into the runtime context.

        Raises:
            ConfigurationError: they cannot be put into the context that ``arguments`` has.
        """
        if not passed:
            return self.arguments
        return {**self.arguments, "context": put(self.arguments.get("context"), passed)}


@attrs.define(eq=False, kw_only=True)
class LangChainSystem:
    """What the sync and the async system share.

    Attributes:
        components: every text that may change, in the order of the walk.
        left_alone: texts that were found and are not components.
        graph: the app as it was walked.
        found: where each component stands that an object of the app holds, by its name.
        sent: those that are replaced on their way to a model.
        passed: those that the app is given when it is called.
        policy: decides what is shared.
        freshness: what each rollout has for itself.
        calling: how the app is called.
    """

    components: Sequence[Component]
    left_alone: Sequence[LeftAlone]
    graph: Graph = attrs.field(repr=False)
    found: Mapping[str, Found] = attrs.field(repr=False)
    sent: Mapping[str, Sent] = attrs.field(factory=dict, repr=False)
    passed: Mapping[str, Passed] = attrs.field(factory=dict, repr=False)
    policy: LangChainPolicy = attrs.field(repr=False)
    freshness: Freshness = attrs.field(repr=False)
    calling: Calling = attrs.field(factory=Calling, repr=False)
    _plans: Plans[Plan] = attrs.field(init=False, factory=Plans, repr=False)

    def build(self, texts: Mapping[str, str]) -> Any:
        """A copy of the app with ``texts``, of its own type and without instrumentation.

        A component that ``texts`` does not name keeps its text. Models, clients and stores are the app's
        own, but where a changed text has no other place than the message on its way to a model: there the
        models are shells of a subclass that put it into what is sent. Texts that the app is given when it is
        called are bound to it. The app itself stays as it is.

        Raises:
            ConfigurationError: a name is not a component's, or a text would lose or add a variable.
        """
        check_names(texts, self._names)
        plan = self._plan(texts)
        app = copy_app(self.graph, plan.values, self.policy, plan.rewriting)
        unbind(app)
        own = self._mappings({})
        for where, new in plan.passed.items():
            if new:
                app = bound(app, where, new, own[where])
        return app

    @property
    def _names(self) -> list[str]:
        return [*self.found, *self.sent, *self.passed]

    def _plan(self, texts: Mapping[str, str]) -> Plan:
        """The plan for ``texts``, made once and kept while it is among those used last."""
        return self._plans.get(texts, self._names, lambda: self._plan_anew(texts))

    def _plan_anew(self, texts: Mapping[str, str]) -> Plan:
        changed = changed_texts(texts, self.components)
        held = {name: text for name, text in changed.items() if name in self.found}
        rewriting = Rewriting(self._changes(texts))
        attribution = Attribution.of(self.found, self.components, texts, rewriting.after())
        return Plan(values_at(held, self.found), rewriting, attribution, self._mappings(texts))

    def _changes(self, texts: Mapping[str, str]) -> list[Change]:
        """All texts that are to be recognised in messages, those that are replaced there first."""
        own = {one.name: texts.get(one.name, one.text) for one in self.components}
        changes = [one.change(name, own[name]) for name, one in self.sent.items()]
        changes += [one.known(name, own[name]) for name, one in self.passed.items()]
        if not changes:
            return []
        prompts = {name: one for name, one in self.found.items() if one.description is None}
        return changes + known(
            (one.place.role, own[name])
            for name, one in prompts.items()
            if one.guard.syntax in ("plain", "braces")
        )

    def _mappings(self, texts: Mapping[str, str]) -> dict[Where, dict[str, Any]]:
        """What the app is given, by how."""
        made: dict[Where, dict[tuple[str, ...], str]] = {"context": {}, "configurable": {}}
        for name, one in self.passed.items():
            made[one.where][one.keys] = one.guard.to_template(texts.get(name, one.guard.natural))
        return {where: nested(held) for where, held in made.items()}

    def _begin(
        self, texts: Mapping[str, str], recorder: Recorder
    ) -> tuple[Runnable[Any, Any], Mapping[str, Any]]:
        """The app for one rollout, and what it is called with beside its inputs."""
        plan = self._plan(texts)
        recorder.attribution = plan.attribution
        app: Runnable[Any, Any] = self.freshness.copy(
            self.graph,
            plan.values,
            self.policy,
            recorder=recorder,
            recursion_limit=self.calling.recursion_limit,
            schemas=plan.schemas,
            rewriting=plan.rewriting,
        )
        unbind(app)
        config = self.calling.config_with(recorder, plan.passed["configurable"])
        return app, {"config": config, **self.calling.arguments_with(plan.passed["context"])}


class SyncSystem(LangChainSystem):
    """Runs the app with ``invoke``; the engine calls it on worker threads."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Invoke the candidate's copy on ``inputs`` and write down what it does.

        Raises:
            ConfigurationError: a name is not a component's.
        """
        check_names(texts, self._names)
        recorder = Recorder(current_calls())
        try:
            app, arguments = self._begin(texts, recorder)
            output = app.invoke(inputs, **arguments)
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
        check_names(texts, self._names)
        recorder = Recorder(current_calls())
        try:
            app, arguments = self._begin(texts, recorder)
            output = await app.ainvoke(inputs, **arguments)
        except Exception as error:
            return Rollout(trajectory=recorder.trajectory(), error=error)
        return Rollout(output=output, trajectory=recorder.trajectory())
