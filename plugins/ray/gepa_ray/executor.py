"""The settings, and what a run gets of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from gepa_core.errors import ConfigurationError
from gepa_core.protocols import Adapter, Session, System

if TYPE_CHECKING:
    from gepa_ray.session import RaySession

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def _a_path(_instance: object, _attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not (isinstance(value, str) and _PATH.fullmatch(value)):
        raise ConfigurationError(
            f"RayExecutor: app={value!r} is no import path: write 'module:attribute', or leave it out to send"
            " the app that is optimised"
        )


def _count(_instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(
            f"RayExecutor: {attribute.name} must be a whole number of 1 or more, not {value!r}"
        )


def _amount(_instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ConfigurationError(f"RayExecutor: {attribute.name} must be 0 or more, not {value!r}")


def _no_client(_instance: object, _attribute: attrs.Attribute[Any], value: str | None) -> None:
    if value is not None and value.startswith("ray://"):
        raise ConfigurationError(
            f"RayExecutor: address={value!r} goes through Ray Client, which is not supported: run the"
            " optimisation on a machine of the cluster with address='auto', for instance by 'ray job submit'"
        )


@attrs.frozen(kw_only=True)
class RayExecutor:
    """Runs rollouts on workers in a Ray cluster, each a process with the app in it.

    The app goes to each worker once; texts and inputs go with each rollout, and the rollout comes back. A
    worker or a machine that is lost is an infrastructure fault: Ray starts the worker anew where there is
    room, and the run tries the rollout again on another. Workers need the same Python environment.

    Attributes:
        app: where a worker imports the app from, ``"module:attribute"``; a function or class that can be
            called without arguments makes it. It is wrapped by the same adapter as here. None to send the
            app as it is by cloudpickle.
        workers: None for as many as it takes to run all that the run wants at once. Those for which the
            cluster has no room yet join when there is some.
        rollouts_per_worker: rollouts that a worker runs at once. More than one is for apps that wait for
            models: async ones share the worker's event loop, others have threads.
        cpus_per_worker: CPUs that Ray sets aside for each; may be a fraction, or 0.
        address: the cluster's, as `ray.init` takes it, such as ``"auto"``. None for the one that the
            environment names or that runs on this machine, or else a new one on this machine. Ignored where
            the program has called `ray.init` itself.
        runtime_env: of the workers, as Ray takes it: ``{"working_dir": "."}`` brings the app's files.
        start_timeout: seconds to wait for the first worker.
        options: further options of the workers' actors, such as ``{"num_gpus": 1}``.
        init: further arguments of `ray.init`.

    Raises:
        ConfigurationError: a setting makes no sense.
    """

    app: str | None = attrs.field(default=None, validator=_a_path)
    workers: int | None = attrs.field(default=None, validator=attrs.validators.optional(_count))
    rollouts_per_worker: int = attrs.field(default=1, validator=_count)
    cpus_per_worker: float = attrs.field(default=1.0, validator=_amount)
    address: str | None = attrs.field(default=None, validator=_no_client)
    runtime_env: Mapping[str, Any] = attrs.field(factory=dict)
    start_timeout: float = attrs.field(default=300.0, validator=_amount)
    options: Mapping[str, Any] = attrs.field(factory=dict)
    init: Mapping[str, Any] = attrs.field(factory=dict)

    def session(self, target: Any, *, system: System, adapter: Adapter | None, concurrency: int) -> Session:
        """Workers for one run."""
        from gepa_ray.session import RaySession

        session: RaySession = RaySession(
            settings=self, target=target, system=system, adapter=adapter, concurrency=concurrency
        )
        return session

    def number_of_workers(self, concurrency: int) -> int:
        """Workers for a run that wants ``concurrency`` rollouts at once."""
        return self.workers or math.ceil(concurrency / self.rollouts_per_worker)
