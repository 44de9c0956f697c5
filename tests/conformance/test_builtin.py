"""The built-in plugins, the toy system and the shipped fakes go through the suites themselves."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from gepa_core.defaults.running import RunSystem, UserMetric
from gepa_core.presets import as_preset
from gepa_core.protocols import System
from gepa_core.testing import (
    PluginSuite,
    RecordingObserver,
    ScriptedModel,
    SyncToySystem,
    SystemSuite,
    ToySystem,
    toy_metric,
)
from gepa_core.workers import Workers

SOFTMAX = Path(__file__).parents[2] / "docs/examples/softmax_selection/softmax_selection.py"


class Default(PluginSuite):
    """One of the default preset's plugins."""

    name: str

    def plugin(self) -> Any:
        return as_preset("default").plugins[self.name]


class TestMerge(Default):
    name = "merge"


class TestParetoByFrequency(Default):
    name = "pareto"


class TestEpochMinibatch(Default):
    name = "minibatch"


class TestRoundRobin(Default):
    name = "round_robin"


class TestReflectiveMutation(Default):
    name = "reflection"


class TestBetterOnMinibatch(Default):
    name = "better_on_minibatch"


class TestFullValidation(Default):
    name = "full_validation"


class TestStopWhenPerfect(Default):
    name = "perfect"


class TestStopWhenStalled(Default):
    name = "stalled"


class TestPaperMinibatch(PluginSuite):
    def plugin(self) -> Any:
        return as_preset("paper").plugins["minibatch"]


class TestRunSystem(PluginSuite):
    def plugin(self) -> Any:
        return RunSystem()


class TestUserMetric(PluginSuite):
    def plugin(self) -> Any:
        return UserMetric(metric=toy_metric, workers=Workers())


class TestRecordingObserver(PluginSuite):
    def plugin(self) -> Any:
        return RecordingObserver()


class TestSoftmax(PluginSuite):
    """The page "Write a plugin" makes this one."""

    def plugin(self) -> Any:
        name = "softmax_selection_of_the_docs"
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, SOFTMAX)
            assert spec is not None
            assert spec.loader is not None
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return sys.modules[name].Softmax()


class TestToySystem(SystemSuite):
    inputs = (3, 8)
    names = ("act", "plan")
    is_async = True
    captures_usage = True

    def system(self, model: ScriptedModel) -> System:
        return ToySystem(model=model)


class TestSyncToySystem(SystemSuite):
    inputs = (3, 8)
    names = ("act", "plan")
    captures_usage = True

    def system(self, model: ScriptedModel) -> System:
        return SyncToySystem(model=model)
