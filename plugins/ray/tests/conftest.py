"""A cluster of two nodes on this machine, reached by loopback alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

# Read when Ray is imported, and by every process that it starts.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # nodes have the address 127.0.0.1
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # or Ray warns of a change to come

_NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}
_HEALTH = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 5,
}


class Nodes:
    """The cluster, one of whose two nodes can be killed."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {**_NODE, "_system_config": _HEALTH, "no_monitor": True}  # nothing is to grow on demand
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self.other: Any = self.cluster.add_node(**_NODE)

    def kill_the_other(self) -> None:
        """As if the machine had lost its power."""
        self.cluster.remove_node(self.other, allow_graceful=False)


@pytest.fixture(scope="session")
def nodes(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Connected to; the driver is on the node that stays."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        # Every process that Ray starts would compile it again where no bytecode may be written.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        has_cache = pytestconfig.pluginmanager.hasplugin("cacheprovider")
        cache = pytestconfig.cache if has_cache else None
        kept = cache.mkdir("ray-bytecode") if cache is not None else tmp_path_factory.mktemp("bytecode")
        patch.setenv("PYTHONPYCACHEPREFIX", str(kept))
        running = Nodes()
        ray.init(address=running.cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield running
        ray.shutdown()
        running.cluster.shutdown()
