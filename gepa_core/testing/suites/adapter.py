"""The suite for adapters."""

from __future__ import annotations

from gepa_core.testing.suites.building import BuildingTests
from gepa_core.testing.suites.system import SystemSuite
from gepa_core.testing.suites.untouched import UntouchedTests


class AdapterSuite(UntouchedTests, BuildingTests, SystemSuite):
    """What holds for every app that an adapter takes.

    Subclass it in a test module, under a name that begins with ``Test``, once for each shape of app, and
    supply `adapter`, `app`, `call` and `inputs`; `gepa_core.testing.suites.case.SystemCase` and
    `gepa_core.testing.suites.app_case.AppCase` say what else can be said. Keep the class at the top level of
    its module, where another process finds it.
    """
