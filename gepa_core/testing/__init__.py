"""For tests of adapters, systems, plugins and metrics: conformance suites, fakes, hypothesis strategies.

The suites and strategies need pytest and hypothesis: ``pip install "gepa-core[testing]"``. The fakes need
neither. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gepa_core.testing import strategies
    from gepa_core.testing.models import ScriptedModel
    from gepa_core.testing.observing import RecordingObserver
    from gepa_core.testing.running import run_toy
    from gepa_core.testing.suites import (
        AdapterSuite,
        ExecutorSuite,
        LanguageModelSuite,
        ModelSuite,
        PluginSuite,
        SystemSuite,
    )
    from gepa_core.testing.toy import (
        TOY_COMPONENTS,
        TOY_OPTIMUM,
        SyncToySystem,
        ToySystem,
        toy_metric,
        toy_model,
    )

__all__ = [
    "TOY_COMPONENTS",
    "TOY_OPTIMUM",
    "AdapterSuite",
    "ExecutorSuite",
    "LanguageModelSuite",
    "ModelSuite",
    "PluginSuite",
    "RecordingObserver",
    "ScriptedModel",
    "SyncToySystem",
    "SystemSuite",
    "ToySystem",
    "run_toy",
    "strategies",
    "toy_metric",
    "toy_model",
]

_HOMES = {
    "AdapterSuite": "suites",
    "ExecutorSuite": "suites",
    "LanguageModelSuite": "suites",
    "ModelSuite": "suites",
    "PluginSuite": "suites",
    "RecordingObserver": "observing",
    "ScriptedModel": "models",
    "SystemSuite": "suites",
    "run_toy": "running",
}


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return importlib.import_module("gepa_core.testing.strategies")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gepa_core.testing.{_HOMES.get(name, 'toy')}"), name)
