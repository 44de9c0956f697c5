"""The suite that every executor goes through."""

from __future__ import annotations

import pytest
from gepa_ray import RayExecutor

from gepa_core.protocols import Executor
from gepa_core.testing import ExecutorSuite


@pytest.mark.usefixtures("nodes")
class TestRay(ExecutorSuite):
    """One worker that takes two rollouts and half of the cluster, so one that is left behind is missed."""

    is_isolated = True

    def executor(self, app: str) -> Executor:
        """The app is sent by value."""
        del app
        return RayExecutor(workers=1, rollouts_per_worker=2, cpus_per_worker=1, start_timeout=60)
