"""Places on workers, asked for without a run: nothing here depends on how long anything takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from gepa_ray import RayExecutor, fleet

from gepa_core import Rollout
from gepa_core.errors import InfrastructureFault
from gepa_core.executors import opened
from gepa_core.gate import Gate
from gepa_core.pacing import Pace, PacedCalls
from gepa_core.protocols import Session
from gepa_core.testing import obedient
from gepa_core.testing.suites.executor_case import There, meeting

pytestmark = pytest.mark.usefixtures("nodes")


@asynccontextmanager
async def one_worker(system: Any, places: int) -> AsyncIterator[There]:
    """A session with one worker."""
    executor = RayExecutor(workers=1, rollouts_per_worker=places, cpus_per_worker=0.5)
    made: Session = executor.session(system, system=system, adapter=None, concurrency=places)
    async with opened(made) as session:
        yield There(session=session, system=system)


async def paced(there: There, order: Any, calls: PacedCalls) -> Rollout:
    """A rollout as the engine begins it."""
    with calls.active():
        return await there.run(order)


async def waiting(calls: PacedCalls) -> None:
    """Until the rollout waits."""
    while not calls.waited:
        await asyncio.sleep(0.01)


def test_waiting_for_a_place_is_no_part_of_a_rollouts_time() -> None:
    """Only one fits."""

    async def check() -> None:
        async with one_worker(obedient.sync_app, 1) as there:
            with meeting() as place:
                (first,) = await place.begin(there, 1)
                calls = PacedCalls(Pace(), Gate(2))
                second = asyncio.create_task(paced(there, {"do": "where"}, calls))
                await waiting(calls)
                place.go()
                assert (await first).output == "waited"
                assert (await second).error is None

    asyncio.run(check())


def test_a_provider_that_asks_one_call_to_wait_holds_back_all_until_the_run_ends() -> None:
    """It asks for a quarter of an hour. Waiting is no part of a rollout's time."""

    async def check() -> None:
        pace, gate = Pace(longest=900.0), Gate(2)
        gate.on_halt(lambda: pace.stop(gate))
        async with one_worker(obedient.async_app, 1) as there:
            refused = PacedCalls(pace, gate)
            await paced(there, {"do": "call", "error": "a limit"}, refused)
            assert refused.asked
            calls = PacedCalls(pace, gate)
            rollout = asyncio.create_task(paced(there, {"do": "call"}, calls))
            await waiting(calls)
            gate.halt("it was interrupted")
            with pytest.raises(InfrastructureFault, match="it was interrupted"):
                await rollout
            assert calls.stopped

    asyncio.run(check())


def test_a_rollout_that_reacts_to_being_cancelled_costs_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """An async app that waits, say for a model. However long it takes: the machine may be busy."""
    monkeypatch.setattr(fleet, "_TO_CLEAN_UP", 600.0)

    async def check() -> None:
        async with one_worker(obedient.async_app, 2) as there:
            before = await there.run({"do": "where"})
            with meeting() as place:
                (rollout,) = await place.begin(there, 1)
                rollout.cancel()
                await asyncio.wait({rollout})
                assert (await there.run({"do": "where"})).output == before.output

    asyncio.run(check())


def test_rollouts_beside_one_that_blocks_the_worker_are_lost_without_being_at_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They could not go on either, so they are to be tried again."""
    monkeypatch.setattr(fleet, "_TO_CLEAN_UP", 0.1)  # it never ends, however long it is given

    async def check() -> None:
        async with one_worker(obedient.async_app, 2) as there:
            with meeting() as place, meeting() as other:
                (innocent,) = await other.begin(there, 1)
                (blocking,) = await place.begin(there, 1, "block")
                blocking.cancel()
                with pytest.raises(InfrastructureFault, match="a worker of Ray was lost"):
                    await innocent
                assert (await there.run({"do": "where"})).error is None

    asyncio.run(check())
