"""Runs over Ray are the runs that they would have been here, whatever happens to workers and machines."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from gepa_ray import RayExecutor
from gepa_ray.fleet import Fleet

import gepa_core
from gepa_core import Execution, Result
from gepa_core.errors import ConfigurationError, InfrastructureFault
from gepa_core.events import Event, RolloutFinished
from gepa_core.local import LocalExecutor
from gepa_core.store import Store
from gepa_core.testing import run_toy, toy_metric

from . import apps
from .apps import Dying, Locked, SyncToySystem, ToySystem
from .conftest import Nodes

pytestmark = pytest.mark.usefixtures("nodes")

# One worker where one will do: to start them is what takes time.
RAY = RayExecutor(workers=1, rollouts_per_worker=4, cpus_per_worker=0.5, start_timeout=60)
HERE = Execution(concurrency=4, max_wait=0.2, timeout=60)
THERE = attrs.evolve(HERE, executor=RAY)


def over(**settings: Any) -> Execution:
    return attrs.evolve(HERE, executor=attrs.evolve(RAY, **settings))


@pytest.fixture(scope="module")
def local() -> Result:
    """The run that all others are to be."""
    return run_toy(execution=HERE, budget=70)


def test_a_run_over_ray_is_the_run_here(local: Result) -> None:
    """Bit for bit, with workers on two machines that import the app."""
    here = SyncToySystem()
    result = run_toy(system=here, execution=over(workers=2, app=f"{apps.__name__}:make_sync"), budget=70)
    assert result.proposals == local.proposals
    assert here.runs == 0


def test_a_run_goes_over_ray_and_back(tmp_path: Path) -> None:
    """It can be resumed anywhere."""
    for budget, execution in ((45, HERE), (70, THERE), (95, HERE)):
        moved = run_toy(system=ToySystem(), execution=execution, budget=budget, run_dir=tmp_path / "moved")
        stayed = run_toy(execution=HERE, budget=budget, run_dir=tmp_path / "stayed")
        assert moved.proposals == stayed.proposals


def test_a_worker_that_dies_changes_nothing(local: Result, tmp_path: Path) -> None:
    """Its rollouts are met by another attempt."""
    system = Dying(place=str(tmp_path))
    result = run_toy(system=system, execution=THERE, budget=70, run_dir=tmp_path / "run")
    assert result.proposals == local.proposals
    assert len(list(tmp_path.glob("process-*"))) > 1
    store = Store.read(tmp_path / "run")
    assert sum(len(store.faults(one.number)) for one in result.proposals) > 0
    store.close()


def test_an_app_that_cannot_be_pickled_is_refused_with_the_remedy(local: Result) -> None:
    """And runs when the workers import it."""
    with pytest.raises(
        ConfigurationError, match=re.escape("""at \"clients['search'][0]\" it holds a _thread.lock""")
    ) as caught:
        run_toy(system=Locked(), execution=THERE)
    assert "RayExecutor(app='module:attribute')" in str(caught.value)
    result = run_toy(system=Locked(), execution=over(app=f"{apps.__name__}:locked"), budget=70)
    assert result.proposals == local.proposals


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"app": f"{apps.__name__}:make_another"}, "the app there is another one: 'plan'"),
        ({"app": "no_such_module:app"}, "there is no module 'no_such_module'"),
    ],
)
def test_a_worker_that_cannot_make_the_app_says_why(settings: dict[str, Any], message: str) -> None:
    """Before anything is spent."""
    system = ToySystem()
    with pytest.raises(ConfigurationError, match=message) as caught:
        run_toy(system=system, execution=over(**settings))
    assert str(caught.value).startswith("a worker on ")


def test_a_cluster_without_room_is_an_outage() -> None:
    """With what was asked for and what is there."""
    with pytest.raises(InfrastructureFault, match="one wants 64 CPUs, and of"):
        run_toy(system=ToySystem(), execution=over(cpus_per_worker=64, start_timeout=0.1))


def test_a_run_whose_workers_are_all_lost_does_not_wait_for_ever() -> None:
    """It stops, to be resumed."""
    fleet = Fleet(
        settings=attrs.evolve(RAY, start_timeout=0.1),
        number=1,
        parcel=None,
        runtime_env={},
        hear=lambda _number, _word: None,
    )
    with pytest.raises(InfrastructureFault, match=r"Ray started no worker in 0\.1 seconds"):
        asyncio.run(fleet.take())


@attrs.define(eq=False)
class Killer:
    """Kills a node when so many rollouts have come back."""

    nodes: Nodes
    left: int

    @gepa_core.hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Count."""
        if isinstance(event, RolloutFinished) and not event.reused:
            self.left -= 1
            if self.left == 0:
                self.nodes.kill_the_other()


def test_a_run_that_loses_a_machine_is_the_run_here(nodes: Nodes, tmp_path: Path) -> None:
    """Last, since the cluster has one node less then."""
    killer = Killer(nodes, 25)
    execution = over(workers=2, cpus_per_worker=1.0, rollouts_per_worker=2)
    system = Dying(place=str(tmp_path), number=None)
    result = run_toy(killer, system=system, execution=execution, budget=120)
    local = run_toy(execution=attrs.evolve(HERE, executor=LocalExecutor()), budget=120, metric=toy_metric)
    assert result.proposals == local.proposals
    assert killer.left < 0
