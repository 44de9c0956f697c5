"""The suite for a bare `System`."""

from __future__ import annotations

from gepa_core.testing.suites.asking import AskingTests
from gepa_core.testing.suites.components import ComponentTests
from gepa_core.testing.suites.texts import TextTests
from gepa_core.testing.suites.together import TogetherTests
from gepa_core.testing.suites.trajectories import TrajectoryTests


class SystemSuite(ComponentTests, TextTests, TrajectoryTests, AskingTests, TogetherTests):
    """What holds for every object that is passed to `optimize` as a `System`.

    Subclass it in a test module, under a name that begins with ``Test``, and supply `system` and `inputs`;
    see `gepa_core.testing.suites.case.SystemCase` for what else can be said. Keep the class at the top
    level of its module, where another process finds it.
    """
