"""Row: 30% of model calls fail transiently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from gepa_offline import Fault, serve
from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL

from gepa_core import Result
from gepa_core.events import Retried
from tests.faults.desk import Sorter, Watch, answered, chain, improve, story, struck

App: TypeAlias = Callable[..., Any]
MIXED = (
    Fault("429", rate=0.06, retry_after=0.01),
    Fault("500", rate=0.06),
    Fault("503", rate=0.06),
    Fault("drop", rate=0.05),
    Fault("truncate", rate=0.05),
    Fault("malformed", rate=0.05),
)
"""Together they strike 29% of the requests."""


@pytest.fixture(scope="module", params=[chain, Sorter])
def app(request: pytest.FixtureRequest) -> App:
    """Makes the app for a server, with options of its client."""
    made: App = request.param
    return made


@pytest.fixture(scope="module")
def calm(app: App, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The run without faults."""
    with serve() as server:
        result = improve(server, tmp_path_factory.mktemp("calm"), app(server))
        assert answered(server) == result.cost.total_rollouts
    assert result.improved
    return result


def test_the_run_is_the_one_without_faults(tmp_path: Path, calm: Result, app: App) -> None:
    """Same candidates and scores; every rollout that is charged was answered once; every retry is told."""
    watch = Watch()
    with serve(faults=MIXED) as server:
        result = improve(server, tmp_path, app(server, max_retries=0), plugins=[watch])
        assert answered(server) == result.cost.total_rollouts
        assert answered(server, REFLECTION_MODEL) == result.cost.reflections
        assert 0.2 < struck(server) / answered(server) < 0.8
        assert set(server.stats()["faults"][TASK_MODEL]) == {fault.kind for fault in MIXED}
        faults = {"rollout": struck(server), "reflection": struck(server, REFLECTION_MODEL)}
    assert story(result.proposals) == story(calm.proposals)
    retried = [event for event in watch.events if isinstance(event, Retried)]
    assert {what: sum(event.what == what for event in retried) for what in faults} == faults
    assert result.cost.retries == len(retried)
    assert result.complete


def test_a_client_that_tries_again_by_itself_doubles_nothing(tmp_path: Path, calm: Result, app: App) -> None:
    """With the client's own two retries the run meets what they leave over; the reflection model has none."""
    faults = [Fault("503", rate=0.3, retry_after=0.01)]
    watch = Watch()
    with serve(faults=faults) as server:
        result = improve(server, tmp_path, app(server), plugins=[watch])
        assert answered(server) == result.cost.total_rollouts
        retries = server.stats()["retries"]
        told = sum(isinstance(event, Retried) and event.what == "rollout" for event in watch.events)
        assert struck(server) == retries[TASK_MODEL] + told
        assert told < retries[TASK_MODEL]
        assert REFLECTION_MODEL not in retries
    assert story(result.proposals) == story(calm.proposals)
