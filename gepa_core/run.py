"""One call of `optimize`: everything it needs, put together, run, and summed up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from gepa_core import fingerprint
from gepa_core.attempt import Attempter
from gepa_core.budget import Budget, ForTest, Ledger
from gepa_core.codec import to_plain
from gepa_core.data import shared_content
from gepa_core.defaults.running import RunSystem, UserMetric
from gepa_core.engine import Engine
from gepa_core.entries import Entry, total
from gepa_core.errors import ConfigurationError, GepaError, InfrastructureFault
from gepa_core.evaluate import Evaluator
from gepa_core.events import HeldBack, RunEnded, RunStarted, Warned
from gepa_core.execution import Execution
from gepa_core.executors import opened
from gepa_core.gate import Gate, Halted
from gepa_core.lm import LiteLLM
from gepa_core.local import LocalExecutor
from gepa_core.manager import PluginManager
from gepa_core.pacing import Pace
from gepa_core.planner import Planner
from gepa_core.pool import Pool
from gepa_core.presets import Preset
from gepa_core.protocols import Adapter, LanguageModel, Metric, Session, System
from gepa_core.redaction import hide_in
from gepa_core.result import Comparison, Result
from gepa_core.sizes import Sizes, calls_per_component, minibatch_size
from gepa_core.stages import Stages
from gepa_core.state import State
from gepa_core.statistics import paired_interval
from gepa_core.store import Store
from gepa_core.summary import cost_of, tests_of
from gepa_core.time_limit import TimeLimit, seconds_for
from gepa_core.types import Candidate, Component, Example, Outcome, Split
from gepa_core.workers import Workers


@attrs.define(kw_only=True, eq=False)
class Run:
    """One optimisation, checked and ready.

    Attributes:
        components: those of the system that are optimised.
        splits: the three data sets; validation is never empty.
        shares_train: whether the training set serves as the validation set.
        target: the app as the user gave it.
        adapter: the adapter that the user chose; None when it was found.
        all_live: whether components are optimised that no model was seen to be sent.
        run_dir: where it is stored; where it was moved to once it has begun beside another run.
        force_new: whether it begins beside another run that is in ``run_dir``, instead of being refused.
    """

    system: System
    components: tuple[Component, ...]
    splits: Mapping[Split, tuple[Example, ...]]
    shares_train: bool
    all_live: bool
    metric: Metric
    model: LanguageModel
    budget: Budget
    plugins: Sequence[Any]
    run_dir: Path
    force_new: bool = False
    seed: int
    preset: Preset
    execution: Execution
    target: Any
    adapter: Adapter | None = None
    _gate: Gate | None = attrs.field(default=None, init=False)
    _pace: Pace = attrs.field(factory=Pace, init=False)
    _interrupted: bool = attrs.field(default=False, init=False)
    _notes: list[str] = attrs.field(factory=list, init=False)
    """What the user should know of the beginning."""

    def interrupt(self) -> None:
        """Let nothing more begin. Call it on the event loop's thread."""
        self._interrupted = True
        if self._gate is not None:
            self._gate.halt("it was interrupted")

    async def execute(self) -> Result:
        """Run it, or go on with what the run directory holds.

        Raises:
            GepaError: see `gepa_core.optimize`.
        """
        workers, session = Workers(), self.session()
        manager = self.manager(workers, session)
        facts, wanted = self.facts(manager), self.run_dir
        if self.force_new:
            self.run_dir = fingerprint.beside(wanted, facts)
        store = Store.open(self.run_dir)
        try:
            fingerprint.check(store, facts)
            if self.run_dir != wanted:
                self._notes.append(
                    f"{str(wanted)!r} holds another run, so this one is in {str(self.run_dir)!r}"
                )
            async with opened(session):
                return await self._search(store, Stages(manager, workers), self.sizes(manager))
        except GepaError as error:
            hide_in(error)
            raise
        finally:
            store.close()
            workers.close()

    def session(self) -> Session:
        """Where rollouts will run; nothing is begun there yet."""
        return self.execution.executor.session(
            self.target,
            system=self.system,
            adapter=self.adapter,
            concurrency=self.execution.concurrency,
        )

    def manager(self, workers: Workers, session: Session) -> PluginManager:
        """The plugins, registered and checked."""
        builtin = {
            "capture": RunSystem(session=session),
            "metric": UserMetric(metric=self.metric, workers=workers),
        }
        return PluginManager(self.plugins, {**self.preset.plugins, **builtin})

    def facts(self, manager: PluginManager) -> dict[str, Any]:
        """What the run is known by."""
        # The metric is a fact of its own, and how the app is run is not for the user to choose.
        own = (RunSystem, UserMetric)
        plugins = [(name, plugin) for name, plugin in manager.deciding if not isinstance(plugin, own)]
        return fingerprint.fingerprint(
            components=self.components,
            splits=self.splits,
            metric=self.metric,
            model=self.model.name,
            plugins=plugins,
            preset=self.preset,
            seed=self.seed,
        )

    async def _search(self, store: Store, stages: Stages, sizes: Sizes) -> Result:
        stored = store.proposals()
        state = State(
            components=self.components,
            train=self.splits["train"],
            val=self.splits["val"],
            seed=self.seed,
            frontier_of=self.preset.frontier,
            perfect_score=self.preset.perfect,
        )
        seed = Candidate(texts={part.name: part.text for part in self.components})
        ledger = Ledger(
            budget=self.budget,
            state=state,
            test=_spent_on_test(store, sizes.test, seed),
        )
        ledger.check(sizes.least)
        self._write_facts(store, resumed=bool(stored))
        self._pace = self._new_pace(stages)
        self._gate = self._new_gate()
        evaluator = self._evaluator(store, stages, self._gate)
        engine = Engine(
            state=state,
            stages=stages,
            store=store,
            gate=self._gate,
            planner=Planner(stages=stages, ledger=ledger, calls=sizes.calls),
            attempter=Attempter(
                seed=seed,
                evaluator=evaluator,
                stages=stages,
                store=store,
                gate=self._gate,
                model=self.model,
                reuse=self.preset.reuse,
                all_live=self.all_live,
                limits_reflections=self.budget.reflections is not None,
            ),
            stored=stored,
            lookahead=self.preset.lookahead,
        )
        reason = "an error"
        try:
            stages.configure(Pool(state), str(self.run_dir))
            self._announce(stages, stored=len(stored), spent=sum(sum(p.rollouts.values()) for p in stored))
            limit = TimeLimit(seconds=self.budget.seconds)
            reason = await self._run_engine(engine, limit)
            may_test = engine.finished or (limit.is_over and bool(state.members))
            untested = self._test_refusal(store, state, ledger) if may_test else ""
            test, stopped = None, ""
            if may_test and not untested:
                test, stopped = await self._test(store, stages, state, limit)
            reason += untested + stopped
            fault = engine.fault or ("" if limit.is_over else stopped)
            store.set_meta({"reason": reason, "ended": _now(), "fault": fault})
            for problem in self._pace.problems():
                stages.notify(Warned(message=problem))
            stages.notify(RunEnded(reason=reason, spent=cost_of(store).total_rollouts))
            return self._result(store, state, test, reason, fault=fault)
        finally:
            stages.unconfigure(Pool(state), reason)

    async def _run_engine(self, engine: Engine, limit: TimeLimit) -> str:
        """Run the engine within the time limit, less what the test set will take."""
        if isinstance(self.model, LiteLLM):
            self.model.preload()
        seen: list[Outcome] = []

        def kept() -> float:
            if not seen and engine.state.members:
                seen.extend(engine.store.outcomes("seed"))
            return seconds_for(2 * len(self.splits["test"]), seen, self.execution.concurrency)

        with limit.ends(engine.gate, kept):
            return await engine.run()

    def _evaluator(self, store: Store, stages: Stages, gate: Gate) -> Evaluator:
        return Evaluator(
            system=self.system,
            stages=stages,
            store=store,
            gate=gate,
            execution=self.execution,
            pace=self._pace,
            failure_score=self.preset.failure,
            score_range=self.preset.score_range,
        )

    def _new_pace(self, stages: Stages) -> Pace:
        """For as long as the run lasts, its test set included: providers do not begin anew for that."""
        loop = asyncio.get_running_loop()

        def tell(event: HeldBack) -> None:  # on whatever thread the call was made
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
                loop.call_soon_threadsafe(stages.notify, event)

        longest = min(self.execution.max_wait, self.execution.patience)
        return Pace(self.execution.limits, longest=longest, tell=tell)

    def _new_gate(self) -> Gate:
        gate = Gate(self.execution.concurrency)
        gate.on_halt(lambda: self._pace.stop(gate))
        if self._interrupted:
            gate.halt("it was interrupted")
        return gate

    def _test_refusal(self, store: Store, state: State, ledger: Ledger) -> str:
        """Why the test set is not run, as the end of a reason; empty when it may be."""
        examples = self.splits["test"]
        ids = dict.fromkeys(state.members[index].candidate.id for index in (0, state.best))
        missing = sum(len(examples) - len(store.outcomes_on(id_, examples, 0)) for id_ in ids)
        refusal = ledger.test_refusal(missing)
        return f"; the test set was not run: {refusal}" if refusal else ""

    async def _test(
        self, store: Store, stages: Stages, state: State, limit: TimeLimit
    ) -> tuple[Comparison | None, str]:
        """Compare the seed with the best candidate on the test set, once, at the end.

        Returns:
            The comparison, and why there is none when it could not be finished; the run may be resumed.
        """
        examples = self.splits["test"]
        if not examples:
            return None, ""
        self._gate = self._new_gate()
        evaluator = self._evaluator(store, stages, self._gate)
        scores: dict[int, dict[str, float]] = {}
        try:
            with limit.ends(self._gate):
                for index in dict.fromkeys((0, state.best)):
                    candidate = state.members[index].candidate
                    outcomes = await evaluator.evaluate(candidate, examples, purpose="test", number=-1)
                    scores[index] = {outcome.example: outcome.score for outcome in outcomes}
        except (Halted, InfrastructureFault) as stop:
            return None, f"; the test set was not run to its end: {stop}; run again with the same run_dir"
        finally:
            self._gate.halt("the run is over")
            await evaluator.settle()
        return _compare(scores[0], scores[state.best]), ""

    def _result(
        self, store: Store, state: State, test: Comparison | None, reason: str, *, fault: str
    ) -> Result:
        if not state.members:
            raise Halted(f"the run ended before the seed was scored: {reason}")
        seed, best = state.members[0], state.members[state.best]
        return Result(
            app=self.system.build(best.candidate.texts),
            best=best.candidate,
            seed=seed.candidate,
            val=_compare(seed.scores, best.scores),
            test=test,
            cost=cost_of(store),
            stop_reason=reason,
            complete=not fault,
            proposals=tuple(state.proposals),
            run_dir=self.run_dir,
        )

    def _warn_of_test_overlap(self, stages: Stages) -> None:
        """Test scores are to say what to expect of examples that nothing was chosen by."""
        names: Mapping[Split, str] = {"train": "training", "val": "validation"}
        for split, name in names.items():
            both = shared_content(self.splits["test"], self.splits[split])
            if both and not (split == "val" and self.shares_train):
                message = f"{both} test examples are in the {name} set too, so the test's scores flatter"
                stages.notify(Warned(message=message))

    def _announce(self, stages: Stages, *, stored: int, spent: int) -> None:
        stages.notify(
            RunStarted(
                run_dir=str(self.run_dir),
                components=tuple(component.name for component in self.components),
                train=len(self.splits["train"]),
                val=len(self.splits["val"]),
                test=len(self.splits["test"]),
                rollout_budget=self.budget.rollouts,
                resumed=stored,
                spent=spent,
                shared_validation=self.shares_train,
            )
        )
        if self.execution.limits and not isinstance(self.execution.executor, LocalExecutor):
            message = (
                "limits hold for the reflection model alone: rollouts run where their calls are not counted"
            )
            stages.notify(Warned(message=message))
        for note in self._notes:
            stages.notify(Warned(message=note))
        overlap = 0 if self.shares_train else shared_content(self.splits["train"], self.splits["val"])
        if overlap:
            message = f"{overlap} training examples are in the validation set too, so its scores flatter"
            stages.notify(Warned(message=message))
        self._warn_of_test_overlap(stages)
        if self.shares_train:
            message = "there is no validation set, so the training set serves, and its scores flatter"
            stages.notify(Warned(message=message))

    def sizes(self, manager: PluginManager) -> Sizes:
        """What decides how much it costs."""
        train = len(self.splits["train"])
        return Sizes(
            train=train,
            val=len(self.splits["val"]),
            test=len(self.splits["test"]),
            components=len(self.components),
            minibatch=minibatch_size((plugin for _, plugin in manager.plugins), train),
            calls=calls_per_component(plugin for _, plugin in manager.plugins),
        )

    def _write_facts(self, store: Store, *, resumed: bool) -> None:
        """What people and tools want to know of a run without running it."""
        facts = {
            "components": json.dumps([to_plain(component) for component in self.components]),
            "sizes": json.dumps({split: len(examples) for split, examples in self.splits.items()}),
            "budget": json.dumps(attrs.asdict(self.budget)),
            "preset": self.preset.name,
            "reason": "",
        }
        store.set_meta(facts if resumed else {**facts, "begun": _now()})


def _compare(seed: Mapping[str, float], best: Mapping[str, float]) -> Comparison:
    """Both on the examples that both ran."""
    seed = {example: score for example, score in seed.items() if example in best}
    best = {example: best[example] for example in seed}
    if not seed:
        raise ConfigurationError("the seed and the best candidate share no validation example")
    return Comparison(seed=seed, best=best, difference=paired_interval(seed, best))


def _spent_on_test(store: Store, size: int, seed: Candidate) -> ForTest:
    """What earlier ends of this run spent on the test set."""
    spent = tests_of(store)
    return ForTest(size=size, seed=spent.pop(seed.id, Entry()), others=total(spent.values()))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
