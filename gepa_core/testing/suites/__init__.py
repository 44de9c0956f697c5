"""Conformance suites: pytest classes to subclass. What to supply is abstract; all else holds as it is."""

from gepa_core.testing.requirements import require

require("pytest", "hypothesis")

import pytest  # noqa: E402

_MODULES = (
    "adapter",
    "asking",
    "bare_model",
    "base",
    "building",
    "components",
    "executor",
    "executor_rollouts",
    "language_model",
    "plugin",
    "system",
    "texts",
    "together",
    "trajectories",
    "untouched",
)
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _MODULES))

from gepa_core.testing.suites.adapter import AdapterSuite  # noqa: E402
from gepa_core.testing.suites.bare_model import ModelSuite  # noqa: E402
from gepa_core.testing.suites.executor import ExecutorSuite  # noqa: E402
from gepa_core.testing.suites.language_model import LanguageModelSuite  # noqa: E402
from gepa_core.testing.suites.plugin import PluginSuite  # noqa: E402
from gepa_core.testing.suites.system import SystemSuite  # noqa: E402

__all__ = ["AdapterSuite", "ExecutorSuite", "LanguageModelSuite", "ModelSuite", "PluginSuite", "SystemSuite"]
