"""Rollouts elsewhere: what comes back, whose fault an error was, and places that become free again."""

from __future__ import annotations

import asyncio
import inspect
import os
from typing import Any

import pytest

from gepa_core.errors import InfrastructureFault
from gepa_core.faults import Fault, classify
from gepa_core.local import LocalExecutor
from gepa_core.testing import obedient
from gepa_core.testing.suites.asked import AskedCalls
from gepa_core.testing.suites.executor_case import TEXTS, ExecutorCase, There, meeting
from gepa_core.types import Rollout, Trajectory, Usage


class ExecutorRolloutTests(ExecutorCase):
    """Tests of `Session.run`."""

    def test_rollouts_run_where_it_says(self) -> None:
        """Required: rollouts run in other processes if, and only if, `is_isolated` says so.

        To mend: set `is_isolated`. What an app does to its process is tried only where that is no harm.
        """
        path, system = self.async_app
        rollout = self.awaited(self._one(path, system, {"do": "where"}))
        assert (rollout.output != os.getpid()) == self.is_isolated

    def test_rollouts_come_back_as_they_were(self) -> None:
        """Required: output and trajectory are equal to those of a rollout in this process, and of the same
        types, so that the metric sees what the app returned.

        To mend: send them as Python objects, by pickle, and not as JSON.
        """
        order = {"do": "say", "word": "“é” 😀 {x} \x00"}
        here, there = self._both(*self.sync_app, [order])
        assert there == here
        assert [(type(rollout.output), fault) for rollout, fault in there] == [(obedient.Said, None)]

    def test_errors_are_judged_as_here(self) -> None:
        """Required: an error of the app is raised, or returned in the rollout, with the name and the words
        that it has here, and with the same verdict on whose fault it was and how long to wait.

        To mend: carry `gepa_core.faults.portable(error)`, made where it was raised. Pickle loses causes, and
        fails for the errors of most clients.
        """
        orders = [{"do": do, "error": name} for do in ("raise", "return") for name in obedient.ERRORS]
        for path, system in (self.async_app, self.sync_app):
            here, there = self._both(path, system, orders)
            for order, expected, found in zip(orders, here, there, strict=True):
                assert found == expected, order

    def test_rollouts_are_under_way_at_once(self) -> None:
        """Required: as many rollouts as the session was asked for are under way at the same time.

        To mend: start as many workers, or let each take more than one.
        """
        self.awaited(self._check_at_once(*self.sync_app))

    async def _check_at_once(self, path: str, system: Any) -> None:
        async with self.there(path, system) as there:
            await self._all_at_once(there)

    async def _all_at_once(self, there: There) -> None:
        with meeting() as place:
            rollouts = await place.begin(there, self.concurrency)
            place.go()
            assert [(await rollout).output for rollout in rollouts] == ["waited"] * self.concurrency

    def test_a_rollout_that_is_cancelled_leaves_its_place(self) -> None:
        """Required: a rollout that is cancelled, as one that takes too long is, ends at once for the run, and
        what ran it takes another one, whether or not the app reacts.

        To mend: let `asyncio.CancelledError` pass. End or abandon whatever runs an app that goes on: a
        thread is left behind, a process is ended.
        """
        for path, system in (self.async_app, self.sync_app):
            self.awaited(self._check_cancelled(path, system, "wait", self.concurrency))
            if self.is_isolated and inspect.iscoroutinefunction(system.run):
                self.awaited(self._check_cancelled(path, system, "block", 1))

    async def _check_cancelled(self, path: str, system: Any, do: str, number: int) -> None:
        async with self.there(path, system) as there:
            with meeting() as place:
                rollouts = await place.begin(there, number, do)
                for rollout in rollouts:
                    rollout.cancel()
                await asyncio.gather(*rollouts, return_exceptions=True)
                assert all(rollout.cancelled() for rollout in rollouts), "a cancelled rollout had an outcome"
                await self._all_at_once(there)

    def test_a_worker_that_is_lost_is_a_passing_fault(self) -> None:
        """Required where `is_isolated`: a rollout whose process ends raises `InfrastructureFault`, and the
        session goes on, with another worker in its place.

        To mend: start a worker anew. Leave trying again to the run, which counts attempts.
        """
        if not self.is_isolated:
            pytest.skip("is_isolated = False")
        self.awaited(self._check_lost(*self.sync_app))

    async def _check_lost(self, path: str, system: Any) -> None:
        async with self.there(path, system) as there:
            where = await there.run({"do": "where"})
            assert where.output != os.getpid(), "it runs in this process, which would end"
            with pytest.raises(InfrastructureFault):
                await there.run({"do": "end"})
            await self._all_at_once(there)

    def test_texts_and_inputs_are_given_by_value(self) -> None:
        """Required: what an app writes into its texts and inputs is seen by no other rollout, and not here.

        To mend: give each rollout a copy of its own, also where candidates are kept by their id.
        """
        self.awaited(self._check_by_value(*self.async_app))

    async def _check_by_value(self, path: str, system: Any) -> None:
        texts, order = dict(TEXTS), {"do": "write", "word": ["given"]}
        async with self.there(path, system) as there:
            outputs = [(await there.run(order, texts)).output for _ in range(2 * self.concurrency)]
        assert len(set(outputs)) == 1, outputs
        assert (texts, order["word"]) == (TEXTS, ["given"])

    def test_models_are_called_when_the_run_lets_them(self) -> None:
        """Required: what the app asks of `gepa_core.pacing.current_calls` where it runs, the calls of
        `Session.run`'s own context are asked, and what they say holds there. A call that failed has been
        told of when the rollout comes back. So rate limits hold, and a provider that asks for a wait is
        left alone by everyone.

        To mend: let the app find `gepa_core.pacing.DistantCalls`, and carry its words to a
        `gepa_core.pacing.CallDesk`.
        """
        failing = {"do": "call", "error": "a limit"}
        for path, system in (self.async_app, self.sync_app):
            answered, failed, refused = self.awaited(self._asked(path, system, [{"do": "call"}, failing]))
            expected = [("called", Usage(calls=1, input_tokens=5, output_tokens=4))]
            assert [(answered[0].output, end) for end in answered[1]] == expected
            assert [classify(end).retry_after for end in failed[1]] == [obedient.WAIT]
            assert "the run is over" in str(refused[0].error), "a model was called without leave"

    async def _asked(self, path: str, system: Any, orders: list[Any]) -> list[tuple[Rollout, list[Any]]]:
        over = AskedCalls(refusal=InfrastructureFault("the run is over"))
        found = []
        async with self.there(path, system) as there:
            for order, calls in zip([*orders, orders[0]], [AskedCalls(), AskedCalls(), over], strict=True):
                with calls.active():
                    rollout = await self._outcome(there, order)
                assert [call.model for call in calls.asked] == ([] if calls is over else [obedient.MODEL])
                found.append((rollout, [end for call in calls.asked for end in call.ends]))
        return found

    # comparing -------------------------------------------------------------------

    def _both(self, path: str, system: Any, orders: list[Any]) -> tuple[list[Any], list[Any]]:
        """Rollouts here and there, each with the verdict on its error."""
        here = LocalExecutor()
        return (
            self.awaited(self._judged(self.session_of(here, system), orders)),
            self.awaited(self._judged(self.there(path, system), orders)),
        )

    async def _judged(self, session: Any, orders: list[Any]) -> list[tuple[Rollout, Fault | None]]:
        async with session as there:
            return [_verdict(await self._outcome(there, order)) for order in orders]

    async def _one(self, path: str, system: Any, order: Any) -> Rollout:
        async with self.there(path, system) as there:
            return await there.run(order)

    async def _outcome(self, there: There, order: Any) -> Rollout:
        try:
            return await there.run(order)
        except Exception as error:
            return Rollout(error=error)


def _verdict(rollout: Rollout) -> tuple[Rollout, Fault | None]:
    fault = None if rollout.error is None else classify(rollout.error)
    plain = Trajectory(steps=rollout.trajectory.steps)
    return Rollout(output=rollout.output, trajectory=plain), fault
