"""The suite for executors."""

from __future__ import annotations

import contextlib
from typing import Any

import attrs
import pytest

from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.events import RolloutFinished
from gepa_core.execution import Execution
from gepa_core.local import LocalExecutor
from gepa_core.protocols import Adapter, Executor, Session, System
from gepa_core.result import Result
from gepa_core.testing import obedient
from gepa_core.testing.observing import RecordingObserver
from gepa_core.testing.running import run_toy
from gepa_core.testing.suites.executor_rollouts import ExecutorRolloutTests
from gepa_core.testing.toy import toy_metric

_LOCKED = f"{obedient.__name__}:locked_app"


@attrs.frozen(eq=False)
class _Watched:
    """An executor, and the sessions that it made."""

    executor: Executor
    sessions: list[Session] = attrs.field(factory=list)

    def session(self, target: Any, *, system: System, adapter: Adapter | None, concurrency: int) -> Session:
        made = self.executor.session(target, system=system, adapter=adapter, concurrency=concurrency)
        self.sessions.append(made)
        return made


class ExecutorSuite(ExecutorRolloutTests):
    """What holds for every executor.

    Subclass it in a test module, under a name that begins with ``Test``, and supply `executor`;
    `gepa_core.testing.suites.executor_case.ExecutorCase` says what else can be said.

    Attributes:
        budget: rollouts of the toy runs.
    """

    budget: int = 50

    def test_a_run_is_the_run_here(self) -> None:
        """Required: a run finds the same, proposal by proposal, as where its rollouts run in this process.

        To mend: run the app that was given, with the texts that were given, and return what it returns.
        """
        for path, system in (self.async_app, self.sync_app):
            here = run_toy(system=system, budget=self.budget, execution=self._execution())
            there = run_toy(system=system, budget=self.budget, execution=self._execution(self.executor(path)))
            assert there.proposals == here.proposals

    def test_an_app_that_cannot_be_brought_there_is_refused(self) -> None:
        """Required: an app that holds a lock runs as here, or the run is refused with `ConfigurationError`
        before anything is spent; and the session can be closed all the same.

        To mend: pack the app in `Session.open`, and say in the message which part of it cannot go.
        """
        observer = RecordingObserver()
        given: dict[str, Any] = {"system": obedient.locked_app, "budget": self.budget}
        there: Result | None = None
        with contextlib.suppress(ConfigurationError):
            there = run_toy(observer, execution=self._execution(self.executor(_LOCKED)), **given)
        if there is None:
            assert observer.of(RolloutFinished) == [], "rollouts were made before the app was refused"
        else:
            assert there.proposals == run_toy(execution=self._execution(), **given).proposals

    def test_a_run_that_fails_leaves_the_executor_as_it_was(self) -> None:
        """Required: when a run ends by an error, here of its metric, that error is what is raised; and the
        same executor serves the next run, by another session.

        To mend: keep what belongs to one run in its session; let `Session.close` raise nothing.
        """
        path, system = self.async_app
        watched, first = _Watched(self.executor(path)), True

        def metric(number: int, output: Any) -> Any:
            if first:
                raise ZeroDivisionError("the metric broke")
            return toy_metric(number, output)

        given: dict[str, Any] = {"system": system, "budget": self.budget, "metric": metric}
        with pytest.raises(GepaError, match="the metric broke"):
            run_toy(execution=self._execution(watched), **given)
        first = False
        there = run_toy(execution=self._execution(watched), **given)
        here = run_toy(execution=self._execution(), **given)
        assert there.proposals == here.proposals
        assert watched.sessions[0] is not watched.sessions[1], "two runs have one session"

    def test_runs_at_the_same_time_share_an_executor(self) -> None:
        """Required: two sessions of one executor are open at once, and the end of one is no end of the other.

        To mend: keep connections and workers in the session, or count who uses them.
        """
        path, system = self.async_app
        self.awaited(self._check_shared(path, system))

    async def _check_shared(self, path: str, system: System) -> None:
        executor = self.executor(path)
        async with self.session_of(executor, system) as one:
            async with self.session_of(executor, system) as other:
                await self._all_at_once(other)
            await self._all_at_once(one)

    def _execution(self, executor: Executor | None = None) -> Execution:
        chosen = executor or LocalExecutor()
        return Execution(concurrency=self.concurrency, timeout=None, max_wait=0.0, executor=chosen)
