"""One optimisation, checked and ready: what it is made of, before anything of it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from gepa_core import fingerprint
from gepa_core.budget import Budget
from gepa_core.defaults.preloading import PreloadModel
from gepa_core.defaults.running import RunSystem, UserMetric
from gepa_core.execution import Execution
from gepa_core.gate import Gate
from gepa_core.lm import LiteLLM
from gepa_core.manager import PluginManager
from gepa_core.presets import Preset
from gepa_core.protocols import Adapter, LanguageModel, Metric, Session, System
from gepa_core.sizes import Sizes, calls_per_component, minibatch_size
from gepa_core.types import Candidate, Component, Example, Split
from gepa_core.workers import Workers


@attrs.define(eq=False)
class Interruption:
    """Reaches whatever gate the run is at, also one that is made after it."""

    _happened: bool = attrs.field(default=False, init=False)
    _gate: Gate | None = attrs.field(default=None, init=False)

    def happen(self) -> None:
        """Let nothing more begin. Call it on the event loop's thread."""
        self._happened = True
        if self._gate is not None:
            self._gate.halt("it was interrupted")

    def reaches(self, gate: Gate) -> None:
        """From now on it halts ``gate``, at once if it has happened."""
        self._gate = gate
        if self._happened:
            self.happen()


@attrs.define(kw_only=True, eq=False)
class Run:
    """One optimisation, checked and ready.

    Attributes:
        components: those of the system that are optimised.
        splits: the three data sets; validation is never empty.
        shares_train: whether the training set serves as the validation set.
        target: the app as the user gave it.
        adapter: the adapter that the user chose; None when it was found.
        all_live: whether components are optimised that no model was seen to be sent.
        run_dir: where it is stored; where it was moved to once it has begun beside another run.
        force_new: whether it begins beside another run that is in ``run_dir``, instead of being refused.
        interruption: what the user ends it with.
    """

    system: System
    components: tuple[Component, ...]
    splits: Mapping[Split, tuple[Example, ...]]
    shares_train: bool
    all_live: bool
    metric: Metric
    model: LanguageModel
    budget: Budget
    plugins: Sequence[Any]
    run_dir: Path
    force_new: bool = False
    seed: int
    preset: Preset
    execution: Execution
    target: Any
    adapter: Adapter | None = None
    interruption: Interruption = attrs.field(factory=Interruption, init=False)

    @property
    def app_as_it_is(self) -> Candidate:
        """The seed: the texts that the components have in the app."""
        return Candidate(texts={component.name: component.text for component in self.components})

    def session(self) -> Session:
        """Where rollouts will run; nothing is begun there yet."""
        return self.execution.executor.session(
            self.target,
            system=self.system,
            adapter=self.adapter,
            concurrency=self.execution.concurrency,
        )

    def manager(self, workers: Workers, session: Session) -> PluginManager:
        """The plugins, registered and checked."""
        builtin: dict[str, Any] = {
            "capture": RunSystem(session=session),
            "metric": UserMetric(metric=self.metric, workers=workers),
        }
        if isinstance(self.model, LiteLLM):
            builtin["preload"] = PreloadModel(model=self.model)
        return PluginManager(self.plugins, {**self.preset.plugins, **builtin})

    def facts(self, manager: PluginManager) -> dict[str, Any]:
        """What the run is known by."""
        # The metric is a fact of its own, and how the app is run is not for the user to choose.
        own = (RunSystem, UserMetric)
        plugins = [(name, plugin) for name, plugin in manager.deciding if not isinstance(plugin, own)]
        return fingerprint.fingerprint(
            components=self.components,
            splits=self.splits,
            metric=self.metric,
            model=self.model.name,
            plugins=plugins,
            preset=self.preset,
            seed=self.seed,
        )

    def sizes(self, manager: PluginManager) -> Sizes:
        """What decides how much it costs."""
        train = len(self.splits["train"])
        return Sizes(
            train=train,
            val=len(self.splits["val"]),
            test=len(self.splits["test"]),
            components=len(self.components),
            minibatch=minibatch_size((plugin for _, plugin in manager.plugins), train),
            tests=2 if self.preset.rebases else 1,
            calls=calls_per_component(plugin for _, plugin in manager.plugins),
        )
