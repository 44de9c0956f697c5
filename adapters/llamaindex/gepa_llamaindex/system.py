"""A LlamaIndex app, wrapped: its components, how it runs with other texts, how to hand it back."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, Literal

import attrs

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
    path_copy,
    walk,
)
from gepa_core.appgraph.sent import all_sent, unreachable
from gepa_core.errors import ConfigurationError
from gepa_core.pacing import current_calls
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Rollout
from gepa_llamaindex.attribution import Attribution
from gepa_llamaindex.calling import Call, afinished, call_of, finished
from gepa_llamaindex.capture import install
from gepa_llamaindex.describe import components_of
from gepa_llamaindex.findings import Found, sort_texts, values_at
from gepa_llamaindex.fresh import Freshness
from gepa_llamaindex.memories import share_private
from gepa_llamaindex.policy import LlamaIndexPolicy
from gepa_llamaindex.recorder import Recorder
from gepa_llamaindex.rewriting import rewrite, rewriting_of
from gepa_llamaindex.routing import recording
from gepa_llamaindex.sending import models_in, replaced_already


@attrs.frozen(eq=False)
class Plan:
    """What is worked out once for a candidate.

    Attributes:
        values: what it holds where.
        rewriting: what its models replace in what they are sent.
        attribution: tells the components of its model calls.
    """

    values: Mapping[Site, Any]
    rewriting: Rewriting
    attribution: Attribution


@attrs.define(eq=False, kw_only=True)
class LlamaIndexSystem:
    """What `wrap` returns.

    Attributes:
        components: every text that may change, in the order of the walk.
        left_alone: texts that were found and are not components.
        graph: the app as it was walked.
        found: where each component stands that an object of the app holds, by its name.
        sent: those that are changed in messages.
        policy: decides what is shared.
        freshness: what each rollout has for itself.
        call: how the app is run.
    """

    components: Sequence[Component]
    left_alone: Sequence[LeftAlone]
    graph: Graph = attrs.field(repr=False)
    found: Mapping[str, Found] = attrs.field(repr=False)
    sent: Mapping[str, Sent] = attrs.field(repr=False)
    policy: LlamaIndexPolicy = attrs.field(repr=False)
    freshness: Freshness = attrs.field(repr=False)
    call: Call
    _plans: Plans[Plan] = attrs.field(init=False, factory=Plans, repr=False)

    def build(self, texts: Mapping[str, str]) -> Any:
        """A copy of the app with ``texts``, of its own type and without instrumentation.

        A component that ``texts`` does not name keeps its text. Models, indexes, stores and memories are
        the app's own, but where a changed text has no other place than the message on its way to a model:
        there the models are shells of a subclass that put it into what is sent. The app itself stays as it
        is.

        Raises:
            ConfigurationError: a name is not a component's, or a text would lose or add a variable.
        """
        plan = self._plan(texts)
        models = models_in(self.graph)
        is_idle = plan.rewriting.is_idle and all(rewriting_of(model).is_idle for model in models)
        copied = path_copy(self.graph, plan.values, self.policy, renewed=() if is_idle else models)
        for model in models:
            made = copied.made.get(id(model))
            if made is not None:
                share_private(model)(made)
                rewrite(made, plan.rewriting)
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
        copied = self.freshness.copy(self.graph, plan.values, self.policy, plan.rewriting, current_calls())
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
        copied = self.freshness.copy(self.graph, plan.values, self.policy, plan.rewriting, current_calls())
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
        names = [*self.found, *self.sent]
        check_names(texts, names)
        return self._plans.get(texts, names, lambda: self._plan_anew(texts))

    def _plan_anew(self, texts: Mapping[str, str]) -> Plan:
        changed = changed_texts(texts, self.components)
        held = {name: text for name, text in changed.items() if name in self.found}
        rewriting = Rewriting(self._changes(texts))
        attribution = Attribution.of(self.found, self.components, texts, rewriting.after())
        return Plan(values_at(held, self.found), rewriting, attribution)

    def _changes(self, texts: Mapping[str, str]) -> list[Change]:
        """All texts that are to be recognised in messages, those that are replaced there first."""
        own = {one.name: texts.get(one.name, one.text) for one in self.components}
        changes = [one.change(name, own[name]) for name, one in self.sent.items()]
        if not changes:
            return []
        held = {name: one for name, one in self.found.items() if one.reads not in ("schema", "tool", "agent")}
        return changes + known(
            (one.role, own[name]) for name, one in held.items() if one.guard.syntax in ("plain", "braces")
        )


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
    sent: Mapping[str, str],
) -> LlamaIndexSystem:
    """Find the texts of ``target`` and how to run it. The options are `LlamaIndexAdapter`'s.

    Raises:
        ConfigurationError: it cannot be run; or a text of ``sent`` is found in it, or has no words.
    """
    how = call_of(target, method=call, mode=mode)
    policy = LlamaIndexPolicy()
    graph = walk(target, policy)
    current = replaced_already(graph)
    every = sort_texts(graph, policy, everything=texts == "all", current=current)
    held = {one.guard.natural.strip(): one.site.source for one in every.found}
    others = [one for one in every.sent if one.guard.natural.strip() not in held]
    in_messages = all_sent(sent, others, current, held)
    has_models = bool(models_in(graph))
    components = components_of(every.found, in_messages if has_models else [])
    install()
    return LlamaIndexSystem(
        components=tuple(components),
        left_alone=(*every.left, *([] if has_models else unreachable(in_messages))),
        graph=graph,
        found={about.name: one for about, one in components.items() if isinstance(one, Found)},
        sent={about.name: one for about, one in components.items() if isinstance(one, Sent)},
        policy=policy,
        freshness=Freshness.of(graph, policy, share),
        call=how,
    )
