"""A LangChain app, wrapped: its components, how it runs with other texts, how to hand it back."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs

from gepa_core.appgraph import Graph, copy_with
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Rollout
from gepa_langchain.attribution import Attribution
from gepa_langchain.findings import Found
from gepa_langchain.policy import LangChainPolicy
from gepa_langchain.recorder import Recorder

KEPT_COPIES = 64


@attrs.frozen(eq=False)
class Built:
    """One candidate's copy of the app, and how to attribute its model calls."""

    app: Runnable[Any, Any]
    attribution: Attribution


@attrs.define(eq=False, kw_only=True)
class LangChainSystem:
    """What the sync and the async system share.

    Attributes:
        components: every text that may change, in the order of the walk.
        left_alone: texts that were found and are not components.
        graph: the app as it was walked.
        found: where each component stands, by its name.
        policy: decides what is shared.
        config: goes into every run, such as ``{"configurable": {"session_id": "x"}}``.
    """

    components: Sequence[Component]
    left_alone: Sequence[LeftAlone]
    graph: Graph = attrs.field(repr=False)
    found: Mapping[str, Found] = attrs.field(repr=False)
    policy: LangChainPolicy = attrs.field(repr=False)
    config: RunnableConfig = attrs.field(factory=RunnableConfig, repr=False)
    _copies: OrderedDict[tuple[str | None, ...], Built] = attrs.field(
        init=False, factory=OrderedDict, repr=False
    )
    _lock: threading.Lock = attrs.field(init=False, factory=threading.Lock, repr=False)

    def build(self, texts: Mapping[str, str]) -> Any:
        """A copy of the app with ``texts``, of its own type and without instrumentation.

        A component that ``texts`` does not name keeps its text. Models, clients and stores are the app's
        own. The app itself stays as it is.

        Raises:
            ConfigurationError: a name is not a component's, or a text would lose or add a variable.
        """
        self._check_names(texts)
        changes = {}
        for component in self.components:
            text = texts.get(component.name, component.text)
            if text != component.text:
                one = self.found[component.name]
                changes[one.site] = one.to_value(text)
        return copy_with(self.graph, changes, self.policy)

    def _check_names(self, texts: Mapping[str, str]) -> None:
        unknown = [name for name in texts if name not in self.found]
        if unknown:
            known = ", ".join(map(repr, self.found)) or "none"
            raise ConfigurationError(
                f"{unknown[0]!r} is not a component of this app; its components: {known}"
            )

    def _built(self, texts: Mapping[str, str]) -> Built:
        """The copy for ``texts``, made once and kept while it is among those used last."""
        key = tuple(texts.get(name) for name in self.found)
        with self._lock:
            if key in self._copies:
                self._copies.move_to_end(key)
                return self._copies[key]
        built = Built(self.build(texts), Attribution.of(self.found, self.components, texts))
        with self._lock:
            self._copies[key] = built
            while len(self._copies) > KEPT_COPIES:
                self._copies.popitem(last=False)
        return built

    def _config(self, recorder: Recorder) -> RunnableConfig:
        return merge_configs(self.config, {"callbacks": [recorder]})


class SyncSystem(LangChainSystem):
    """Runs the app with ``invoke``; the engine calls it on worker threads."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Invoke the candidate's copy on ``inputs`` and write down what it does.

        Raises:
            ConfigurationError: a name is not a component's.
        """
        self._check_names(texts)
        recorder = Recorder()
        try:
            built = self._built(texts)
            recorder.attribution = built.attribution
            output = built.app.invoke(inputs, config=self._config(recorder))
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
        self._check_names(texts)
        recorder = Recorder()
        try:
            built = self._built(texts)
            recorder.attribution = built.attribution
            output = await built.app.ainvoke(inputs, config=self._config(recorder))
        except Exception as error:
            return Rollout(trajectory=recorder.trajectory(), error=error)
        return Rollout(output=output, trajectory=recorder.trajectory())
