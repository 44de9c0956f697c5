"""A LlamaIndex app, wrapped: its components, how it runs with other texts, how to hand it back."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, Literal

import attrs
from llama_index.core.base.llms.base import BaseLLM

from gepa_core.appgraph import Graph, Plans, Site, changed_texts, check_names, path_copy, walk
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Rollout
from gepa_llamaindex.attribution import Attribution
from gepa_llamaindex.calling import Call, afinished, call_of, finished
from gepa_llamaindex.capture import install
from gepa_llamaindex.describe import components_of
from gepa_llamaindex.findings import Found, sort_sites, values_at
from gepa_llamaindex.fresh import Freshness
from gepa_llamaindex.memories import share_private
from gepa_llamaindex.policy import LlamaIndexPolicy
from gepa_llamaindex.recorder import Recorder
from gepa_llamaindex.routing import recording


@attrs.frozen(eq=False)
class Plan:
    """What a candidate holds where, and how to attribute its model calls."""

    values: Mapping[Site, Any]
    attribution: Attribution


@attrs.define(eq=False, kw_only=True)
class LlamaIndexSystem:
    """What `wrap` returns.

    Attributes:
        components: every text that may change, in the order of the walk.
        left_alone: texts that were found and are not components.
        graph: the app as it was walked.
        found: where each component stands, by its name.
        policy: decides what is shared.
        freshness: what each rollout has for itself.
        call: how the app is run.
    """

    components: Sequence[Component]
    left_alone: Sequence[LeftAlone]
    graph: Graph = attrs.field(repr=False)
    found: Mapping[str, Found] = attrs.field(repr=False)
    policy: LlamaIndexPolicy = attrs.field(repr=False)
    freshness: Freshness = attrs.field(repr=False)
    call: Call
    _plans: Plans[Plan] = attrs.field(init=False, factory=Plans, repr=False)

    def build(self, texts: Mapping[str, str]) -> Any:
        """A copy of the app with ``texts``, of its own type and without instrumentation.

        A component that ``texts`` does not name keeps its text. Models, indexes, stores and memories are
        the app's own. The app itself stays as it is.

        Raises:
            ConfigurationError: a name is not a component's, or a text would lose or add a variable.
        """
        copied = path_copy(self.graph, self._plan(texts).values, self.policy)
        for key, made in copied.made.items():
            original = self.graph.nodes[key].value
            if isinstance(original, BaseLLM):
                share_private(original)(made)
        return copied.root

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout | Awaitable[Rollout]:
        """Run a copy of the app that has ``texts`` on ``inputs``, and write down what it does.

        Workflows, agents and coroutine functions return an awaitable; all else runs here and now.

        Raises:
            ConfigurationError: as `build`; or the inputs do not fit the app.
        """
        plan = self._plan(texts)
        return self._arun(plan, inputs) if self.call.is_async else self._run(plan, inputs)

    def _run(self, plan: Plan, inputs: Any) -> Rollout:
        copied = self.freshness.copy(self.graph, plan.values, self.policy)
        recorder = Recorder(plan.attribution)
        with recording(recorder, copied.made.values()):
            try:
                output = finished(_settled(self.call.begin(copied.root, inputs)))
            except ConfigurationError:
                raise
            except Exception as error:
                return Rollout(trajectory=recorder.close(), error=error)
            return Rollout(output=output, trajectory=recorder.close())

    async def _arun(self, plan: Plan, inputs: Any) -> Rollout:
        copied = self.freshness.copy(self.graph, plan.values, self.policy)
        recorder = Recorder(plan.attribution)
        with recording(recorder, copied.made.values()):
            try:
                output = await afinished(self.call.begin(copied.root, inputs))
            except ConfigurationError:
                raise
            except Exception as error:
                return Rollout(trajectory=recorder.close(), error=error)
            return Rollout(output=output, trajectory=recorder.close())

    def _plan(self, texts: Mapping[str, str]) -> Plan:
        """The plan for ``texts``, made once and kept while it is among those used last."""
        check_names(texts, self.found)
        return self._plans.get(texts, self.found, lambda: self._plan_anew(texts))

    def _plan_anew(self, texts: Mapping[str, str]) -> Plan:
        changed = changed_texts(texts, self.components)
        return Plan(values_at(changed, self.found), Attribution.of(self.found, self.components, texts))


def _settled(output: Any) -> Any:
    """What a plain function returned, awaited on a loop of its own where it returned an awaitable."""
    return asyncio.run(afinished(output)) if inspect.isawaitable(output) else output


def wrap_app(
    target: Any,
    *,
    call: str,
    mode: Literal["auto", "sync", "async"],
    texts: Literal["instructions", "all"],
    share: Collection[object],
) -> LlamaIndexSystem:
    """Find the texts of ``target`` and how to run it. The options are `LlamaIndexAdapter`'s.

    Raises:
        ConfigurationError: it cannot be run.
    """
    how = call_of(target, method=call, mode=mode)
    policy = LlamaIndexPolicy()
    graph = walk(target, policy)
    found, left_alone = sort_sites(graph, policy, everything=texts == "all")
    components = components_of(found)
    install()
    return LlamaIndexSystem(
        components=tuple(components),
        left_alone=tuple(left_alone),
        graph=graph,
        found={component.name: one for component, one in zip(components, found, strict=True)},
        policy=policy,
        freshness=Freshness.of(graph, policy, share),
        call=how,
    )
