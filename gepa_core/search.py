"""A run under way: the search within its limits, then the test set, and what came of both."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import attrs

from gepa_core import fingerprint
from gepa_core.announcing import announce, facts_for_readers
from gepa_core.attempt import Attempter
from gepa_core.budget import Ledger
from gepa_core.commits import Commits
from gepa_core.engine import Engine
from gepa_core.errors import GepaError, InfrastructureFault
from gepa_core.evaluate import Evaluator
from gepa_core.events import HeldBack, LimitReached, RunEnded, Warned
from gepa_core.executors import opened
from gepa_core.final_test import compared, compared_on_test, refusal, spent_on_test
from gepa_core.gate import Gate, Halted
from gepa_core.pacing import Pace
from gepa_core.planner import Planner
from gepa_core.pool import Pool
from gepa_core.redaction import hide_in
from gepa_core.result import Comparison, Result
from gepa_core.run import Run
from gepa_core.sizes import Sizes
from gepa_core.stages import Stages
from gepa_core.state import State
from gepa_core.store import Store
from gepa_core.summary import cost_of
from gepa_core.time_limit import TimeLimit, seconds_for
from gepa_core.types import Outcome, Proposal
from gepa_core.workers import Workers


async def execute(run: Run) -> Result:
    """Run it, or go on with what its directory holds.

    Raises:
        GepaError: see `gepa_core.optimize`.
    """
    workers, session = Workers(), run.session()
    manager = run.manager(workers, session)
    facts, wanted = run.facts(manager), run.run_dir
    if run.force_new:
        run.run_dir = fingerprint.beside(wanted, facts)
    notes = [f"{str(wanted)!r} holds another run, so this one is in {str(run.run_dir)!r}"]
    store = Store.open(run.run_dir)
    try:
        fingerprint.check(store, facts)
        async with opened(session):
            search = Search(run=run, store=store, stages=Stages(manager, workers), sizes=run.sizes(manager))
            return await search.go(notes if run.run_dir != wanted else ())
    except GepaError as error:
        hide_in(error)
        raise
    finally:
        store.close()
        workers.close()


@attrs.define(kw_only=True, eq=False)
class Search:
    """A run whose store is open and whose plugins are registered.

    Attributes:
        state: begins empty; the engine reads back what is stored.
        pace: lasts as long as the run, its test set included: providers do not begin anew for that.
    """

    run: Run
    store: Store
    stages: Stages
    sizes: Sizes
    state: State = attrs.field(init=False)
    ledger: Ledger = attrs.field(init=False)
    pace: Pace = attrs.field(init=False)

    @state.default
    def _new_state(self) -> State:
        return State(
            components=self.run.components,
            train=self.run.splits["train"],
            val=self.run.splits["val"],
            seed=self.run.seed,
            frontier_of=self.run.preset.frontier,
            perfect_score=self.run.preset.perfect,
        )

    @ledger.default
    def _new_ledger(self) -> Ledger:
        spent = spent_on_test(self.store, self.sizes.test, self.run.app_as_it_is)
        return Ledger(budget=self.run.budget, state=self.state, test=spent)

    @pace.default
    def _new_pace(self) -> Pace:
        loop, execution = asyncio.get_running_loop(), self.run.execution

        def tell(event: HeldBack | LimitReached) -> None:  # on whatever thread the call was made
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
                loop.call_soon_threadsafe(self.stages.notify, event)

        return Pace(execution.limits, longest=min(execution.max_wait, execution.patience), tell=tell)

    async def go(self, notes: Sequence[str]) -> Result:
        """Search, run the test set, sum up.

        Args:
            notes: what the user should know of the beginning.
        """
        self.ledger.check(self.sizes.least)
        stored = self.store.proposals()
        bought = cost_of(self.store).total_rollouts
        facts = facts_for_readers(self.run)
        self.store.set_meta(facts if stored else {**facts, "begun": _now()})
        engine = self._engine(stored)
        reason = "an error"
        try:
            self.stages.configure(Pool(self.state), str(self.run.run_dir))
            announce(self.run, self.stages, stored=stored, notes=notes)
            limit = TimeLimit(seconds=self.run.budget.seconds)
            reason = await self._run_engine(engine, limit)
            test, stopped = None, ""
            if engine.finished or (limit.is_over and self.state.members):
                untested = refusal(self.store, self.state, self.ledger, self.run.splits["test"])
                if not untested:
                    test, stopped = await self._test(limit)
                reason += untested + stopped
            fault = engine.fault or ("" if limit.is_over else stopped)
            self._end(reason, fault, bought)
            return self._result(test, reason, fault)
        finally:
            self.stages.unconfigure(Pool(self.state), reason)

    def _engine(self, stored: list[Proposal]) -> Engine:
        run, gate = self.run, self._new_gate()
        commits = Commits(self.state, gate)
        return Engine(
            state=self.state,
            stages=self.stages,
            store=self.store,
            gate=gate,
            planner=Planner(
                stages=self.stages, ledger=self.ledger, calls=self.sizes.calls, tests=self.sizes.tests
            ),
            commits=commits,
            attempter=Attempter(
                seed=run.app_as_it_is,
                evaluator=self._evaluator(gate),
                stages=self.stages,
                store=self.store,
                gate=gate,
                model=run.model,
                reuse=run.preset.reuse,
                all_live=run.all_live,
                limits_reflections=run.budget.reflections is not None,
                commits=commits if run.preset.rebases else None,
            ),
            stored=stored,
            lookahead=run.preset.lookahead,
        )

    def _evaluator(self, gate: Gate) -> Evaluator:
        return Evaluator(
            system=self.run.system,
            stages=self.stages,
            store=self.store,
            gate=gate,
            execution=self.run.execution,
            pace=self.pace,
            failure_score=self.run.preset.failure,
            score_range=self.run.preset.score_range,
        )

    def _new_gate(self) -> Gate:
        gate = Gate(self.run.execution.concurrency)
        gate.on_halt(lambda: self.pace.stop(gate))
        self.run.interruption.reaches(gate)
        return gate

    async def _run_engine(self, engine: Engine, limit: TimeLimit) -> str:
        """Run the engine within the time limit, less what the test set will take."""
        seen: list[Outcome] = []

        def kept() -> float:
            if not seen and self.state.members:
                seen.extend(self.store.outcomes("seed"))
            return seconds_for(2 * self.sizes.test, seen, self.run.execution.concurrency)

        with limit.ends(engine.gate, kept):
            return await engine.run()

    async def _test(self, limit: TimeLimit) -> tuple[Comparison | None, str]:
        """Run the test set.

        Returns:
            The comparison, and why there is none when it could not be finished; the run may be resumed.
        """
        examples = self.run.splits["test"]
        if not examples:
            return None, ""
        gate = self._new_gate()
        evaluator = self._evaluator(gate)
        try:
            with limit.ends(gate):
                return await compared_on_test(evaluator, self.state, examples), ""
        except (Halted, InfrastructureFault) as stop:
            return None, f"; the test set was not run to its end: {stop}; run again with the same run_dir"
        finally:
            gate.halt("the run is over")
            await evaluator.settle()

    def _end(self, reason: str, fault: str, bought: int) -> None:
        """Tell that the run is over, and of limits that did nothing, unless there was nothing to do.

        Args:
            bought: rollouts that were there when it began.
        """
        self.store.set_meta({"reason": reason, "ended": _now(), "fault": fault})
        spent = cost_of(self.store).total_rollouts
        for problem in self.pace.problems() if spent > bought else ():
            self.stages.notify(Warned(message=problem))
        self.stages.notify(RunEnded(reason=reason, spent=spent))

    def _result(self, test: Comparison | None, reason: str, fault: str) -> Result:
        if not self.state.members:
            raise Halted(f"the run ended before the seed was scored: {reason}")
        seed, best = self.state.members[0], self.state.members[self.state.best]
        return Result(
            app=self.run.system.build(best.candidate.texts),
            best=best.candidate,
            seed=seed.candidate,
            val=compared(seed.scores, best.scores),
            test=test,
            cost=cost_of(self.store),
            stop_reason=reason,
            complete=not fault,
            proposals=tuple(self.state.proposals),
            run_dir=self.run.run_dir,
        )


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
