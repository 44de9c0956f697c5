"""A program that has not connected to a cluster itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from gepa_ray import RayExecutor

from gepa_core import Execution
from gepa_core.errors import ConfigurationError
from gepa_core.executors import as_executor
from gepa_core.testing import run_toy

from .apps import ToySystem
from .conftest import Nodes

SCRIPT = Path(__file__).with_name("script.py")


def test_a_script_connects_sends_an_app_of_its_own_and_lets_go(nodes: Nodes, tmp_path: Path) -> None:
    """Classes of the script go there by value, and what they make comes back as theirs."""
    command = [sys.executable, str(SCRIPT), nodes.cluster.address, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["1.0", "False"]), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("nodes")
def test_a_connection_of_the_program_is_left_open() -> None:
    """Whatever address the settings name."""
    import ray

    executor = RayExecutor(address="192.0.2.1:1", workers=1, cpus_per_worker=0.5)
    run_toy(system=ToySystem(), execution=Execution(executor=executor), budget=40)
    assert ray.is_initialized()


def test_the_executor_is_found_by_its_name() -> None:
    """With settings, as a file gives them."""
    found = Execution(executor=as_executor({"name": "ray", "workers": 3, "app": "app:chain"})).executor
    assert found == RayExecutor(workers=3, app="app:chain")
    assert as_executor("ray") == RayExecutor()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"app": "app.py"}, "app='app.py' is no import path"),
        ({"workers": 0}, "workers must be a whole number of 1 or more"),
        ({"rollouts_per_worker": True}, "rollouts_per_worker must be a whole number"),
        ({"cpus_per_worker": -1}, "cpus_per_worker must be 0 or more"),
        ({"address": "ray://head:10001"}, "goes through Ray Client, which is not supported"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str) -> None:
    """At once."""
    with pytest.raises(ConfigurationError, match=message):
        RayExecutor(**settings)  # type: ignore[arg-type]


def test_there_are_as_many_workers_as_the_concurrency_needs() -> None:
    """Unless their number is given."""
    assert RayExecutor().number_of_workers(8) == 8
    assert RayExecutor(rollouts_per_worker=3).number_of_workers(8) == 3
    assert RayExecutor(workers=2).number_of_workers(8) == 2
