"""The connection to the cluster: one for each process, shared by its runs."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from gepa_core.errors import ConfigurationError, InfrastructureFault
from gepa_core.faults import describe

if TYPE_CHECKING:
    from gepa_ray.executor import RayExecutor

_lock = threading.Lock()
_users = 0
"""Open sessions that share a connection which the first of them made."""


def connect(settings: RayExecutor) -> bool:
    """Connect, unless the program or another run has. Blocks for seconds.

    Returns:
        Whether the connection is this package's own, so that `disconnect` has to be called.

    Raises:
        InfrastructureFault: the cluster cannot be reached.
        ConfigurationError: it is one of another version of Python or Ray, or refuses the settings.
    """
    global _users  # noqa: PLW0603
    # A library does not phone home unless its user has said so.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    with _lock:
        if _users == 0:
            if ray.is_initialized():
                return False
            _initialise(settings)
        _users += 1
    return True


def disconnect() -> None:
    """Let go of a connection; the last one to do so ends it."""
    global _users  # noqa: PLW0603
    import ray

    with _lock:
        _users -= 1
        if _users == 0:
            ray.shutdown()


def _initialise(settings: RayExecutor) -> None:
    import ray

    given: dict[str, Any] = {"address": settings.address, "runtime_env": dict(settings.runtime_env) or None}
    place = repr(settings.address) if settings.address else "on this machine"
    try:
        ray.init(**{**given, **settings.init})
    except (ConnectionError, TimeoutError) as error:
        raise InfrastructureFault(f"the Ray cluster {place} cannot be reached: {describe(error)}") from error
    except Exception as error:
        raise ConfigurationError(
            f"the Ray cluster {place} cannot be used: {describe(error)}; the machines of a cluster and this"
            " one need the same versions of Python and Ray"
        ) from error
