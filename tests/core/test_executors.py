"""Where rollouts run: chosen by name or object, opened and closed with the run, and without effect on it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Execution, Rollout, estimate
from gepa_core.errors import ConfigurationError, InfrastructureFault, PluginError
from gepa_core.executors import as_executor
from gepa_core.local import LocalExecutor, LocalSession
from gepa_core.pacing import current_calls
from gepa_core.protocols import Adapter, Executor, Session, System
from tests.core.toys import QUICK, SyncToy, Toy, ToyModel, metric, search


@attrs.define(eq=False)
class Elsewhere:
    """Rollouts run here, as if it were another machine.

    Attributes:
        broken: whether it cannot be reached.
        hangs: rollouts that never come back, before the others.
        log: what was asked of it.
        cancelled: rollouts whose cancellation arrived.
    """

    broken: bool = False
    hangs: int = 0
    log: list[str] = attrs.field(factory=list)
    cancelled: int = 0

    def session(self, target: Any, *, system: System, adapter: Adapter | None, concurrency: int) -> Session:
        """A session that notes what happens to it."""
        self.log.append(f"session {type(system).__name__} {target is system} {adapter} {concurrency}")
        return _Session(self)


@attrs.define(eq=False)
class _Session:
    place: Elsewhere
    local: LocalSession = attrs.field(factory=LocalSession)

    async def open(self) -> None:
        self.place.log.append("open")
        if self.place.broken:
            raise InfrastructureFault("no machine answers")

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        if self.place.hangs:
            self.place.hangs -= 1
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.place.cancelled += 1
                raise
        return await self.local.run(system, texts, inputs)

    async def close(self) -> None:
        self.place.log.append("close")
        await self.local.close()


def execution(executor: Any, **changes: Any) -> Execution:
    return attrs.evolve(QUICK, executor=executor, **changes)


@pytest.mark.parametrize("system", [Toy, SyncToy])
def test_a_run_is_the_same_wherever_its_rollouts_run(system: type[Toy], tmp_path: Path) -> None:
    """And its session is opened once, before everything, and closed once, after everything."""
    here, there = system(), Elsewhere()
    local = search(here, tmp_path / "here")
    other = search(system(), tmp_path / "there", execution=execution(there))
    assert other.proposals == local.proposals
    assert there.log == [f"session {system.__name__} True None 4", "open", "close"]


def test_a_run_goes_on_elsewhere_and_comes_back(tmp_path: Path) -> None:
    """Where rollouts run is no part of what a run is known by."""
    places = (LocalExecutor(), Elsewhere(), LocalExecutor())
    for budget, executor in zip((50, 90, 120), places, strict=True):
        moved = search(Toy(), tmp_path / "moved", budget=budget, execution=execution(executor))
        stayed = search(Toy(), tmp_path / "stayed", budget=budget)
        assert moved.proposals == stayed.proposals


def test_one_executor_serves_several_runs(tmp_path: Path) -> None:
    """Each has a session of its own."""
    there = Elsewhere()
    first, second = (
        search(Toy(), tmp_path / name, budget=40, execution=execution(there)) for name in ("a", "b")
    )
    assert first.proposals == second.proposals
    assert there.log[1:3] == there.log[4:6] == ["open", "close"]


def test_a_place_that_cannot_be_reached_ends_the_run_before_anything_is_spent(tmp_path: Path) -> None:
    """What was begun is let go of all the same."""
    system, there = Toy(), Elsewhere(broken=True)
    with pytest.raises(InfrastructureFault, match="no machine answers"):
        search(system, tmp_path, execution=execution(there))
    assert (system.runs, there.log[1:]) == (0, ["open", "close"])


def test_the_session_is_closed_when_the_run_fails(tmp_path: Path) -> None:
    """Here by its metric."""
    there = Elsewhere()
    with pytest.raises(Exception, match="raised ZeroDivisionError"):
        search(Toy(), tmp_path, metric=lambda example, _output: example / 0, execution=execution(there))
    assert there.log[1:] == ["open", "close"]


def test_the_session_is_closed_after_an_interrupt(tmp_path: Path) -> None:
    """When what was running has been kept."""
    there, pressed = Elsewhere(), threading.Event()

    def stop(_texts: Mapping[str, str], _inputs: Any) -> None:
        if not pressed.is_set():
            pressed.set()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        search(Toy(on_run=stop), tmp_path, execution=execution(there))
    assert there.log[1:] == ["open", "close"]


def test_a_rollout_that_takes_too_long_is_cancelled_there(tmp_path: Path) -> None:
    """The first time it is tried again, as here."""
    there = Elsewhere(hangs=1)
    result = search(Toy(), tmp_path, budget=40, execution=execution(there, timeout=0.2))
    assert there.cancelled == 1
    assert result.proposals == search(Toy(), tmp_path / "local", budget=40).proposals


def test_a_trial_before_the_run_runs_there_too() -> None:
    """With a session of its own."""
    there = Elsewhere()
    given: dict[str, Any] = {"metric": metric, "reflection_lm": ToyModel(), "budget": 120}
    found = estimate(Toy(), trainset=range(12), execution=execution(there), tries=2, **given)
    assert found.trial is not None
    assert (found.trial.number, there.log[1:]) == (2, ["open", "close"])
    assert estimate(Toy(), trainset=range(12), execution=execution(there), **given).trial is None
    assert there.log[3:] == ["session Toy True None 4"]


def test_waiting_for_room_is_no_timeout_in_a_trial_either() -> None:
    """Two rollouts wait five times as long as a rollout may take."""

    @attrs.define(eq=False)
    class Crowded(_Session):
        async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
            with current_calls().waiting():
                await asyncio.sleep(0.25)
            return await super().run(system, texts, inputs)

    class Full(Elsewhere):
        def session(self, *_: Any, **__: Any) -> Session:
            return Crowded(self)

    given: dict[str, Any] = {"metric": metric, "reflection_lm": ToyModel(), "budget": 120}
    settings = execution(Full(), timeout=0.05)
    found = estimate(Toy(), trainset=range(12), execution=settings, tries=2, **given)
    assert found.trial is not None
    assert found.trial.failures == []


def test_an_executor_is_a_name_a_table_or_an_object() -> None:
    """``local`` is the built-in one, which brings a run back that went elsewhere."""
    there: Executor = Elsewhere()
    assert Execution(executor=there).executor is there
    assert Execution() == Execution(executor=as_executor("local")) == Execution(executor=LocalExecutor())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "executor=3 is no executor"),
        (Elsewhere, "is no executor"),
        ({"workers": 3}, "a table with its 'name'"),
        ({"name": "local", "workers": 3}, "'local' has no options"),
    ],
)
def test_what_is_no_executor_is_refused(value: Any, message: str) -> None:
    """Before anything is spent."""
    with pytest.raises(ConfigurationError, match=message):
        Execution(executor=value)


def test_an_executor_that_is_not_installed_is_named() -> None:
    """With those that are."""
    with pytest.raises(PluginError, match="no executor is called 'moon'; maybe you need to install it"):
        as_executor("moon")
