"""Property 6: work per step does not grow with the run. Counted, not timed."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import attrs
import pytest

from gepa_core import hookimpl
from gepa_core.defaults.merge import SystemAwareMerge
from gepa_core.defaults.selection import ParetoByFrequency
from gepa_core.events import Event, ProposalCommitted
from gepa_core.frontier import Frontier
from gepa_core.pool import Pool
from gepa_core.state import State
from gepa_core.store import opening
from tests.core.states import mutation, new_state, seed_proposal
from tests.core.toys import Toy, ToyModel, search


@attrs.define(eq=False, kw_only=True)
class Work:
    """What happened between one commit and the next."""

    now: Counter[str] = attrs.field(factory=Counter, init=False)
    steps: list[Counter[str]] = attrs.field(factory=list, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """A commit ends a step."""
        if isinstance(event, ProposalCommitted):
            self.steps.append(self.now)
            self.now = Counter()


def never_ending(prompt: str) -> str:
    """A new rule each time, so that the run goes on and every proposal runs."""
    name = "second" if "The component is `second`" in prompt else "first"
    number = int(hashlib.sha256(prompt.encode()).hexdigest(), 16) % 10**9
    return f"```\n{'Rules for {topic}: s' if name == 'second' else 'Follow these rules: r'}{number}\n```"


def test_a_commit_writes_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements and bytes sent to the database per proposal are the same late in a run as early."""
    work = Work()
    connect = opening.connect

    def traced(path: Path, mode: str) -> sqlite3.Connection:
        connection = connect(path, mode)

        def note(statement: str) -> None:
            work.now["statements"] += 1
            work.now["bytes"] += len(statement)

        connection.set_trace_callback(note)
        return connection

    monkeypatch.setattr(opening, "connect", traced)
    model = ToyModel(write=never_ending)
    metric_calls = Counter[Any]()

    def metric(example: Any, _output: Any) -> float:
        metric_calls[example] += 1
        return Random(metric_calls[example]).random() if example < 20 else 0.5

    search(Toy(), tmp_path, metric=metric, reflection_lm=model, budget=700, plugins=[work, "no:stalled"])
    tried = [step for step in work.steps[1:] if step["statements"]]
    assert len(tried) > 80
    early, late = tried[5:35], tried[-30:]
    for what in ("statements", "bytes"):
        assert mean(step[what] for step in late) < 1.35 * mean(step[what] for step in early)


def test_updates_of_the_frontier_cost_no_more_than_all_scores_together() -> None:
    """A holder is removed from a key at most once: so many removals as additions, over the whole run."""
    rng, frontier = Random(0), Frontier()
    added = removed = 0
    for index in range(400):
        scores = {f"e{key}": rng.choice((0.0, 0.5, index / 400)) for key in range(20)}
        before = sum(len(frontier.holders(key)) for key in frontier.keys)
        held = sum(key not in frontier.keys or score >= frontier.best(key) for key, score in scores.items())
        frontier.add(index, scores, 0.0)
        after = sum(len(frontier.holders(key)) for key in frontier.keys)
        added += held
        removed += before + held - after
    assert added <= 400 * 20
    assert removed <= added


def grown(size: int, score: Callable[[Random], float] = Random.random) -> State:
    """A state after ``size`` commits, a third of them accepted."""
    state, rng = new_state(val=10), Random(1)
    state.apply(seed_proposal(state, [0.0] * 10))
    for number in range(size):
        scores = [score(rng) for _ in range(10)] if number % 3 == 0 else None
        parent = rng.randrange(len(state.members))
        state.apply(mutation(state, parent, {"a": str(number)}, scores))
    return state


def calls_of(action: Any) -> int:
    """How many Python functions ``action`` calls: a clock that does not depend on the machine."""
    return traced(sys.setprofile, "call", action)


def lines_of(action: Any) -> int:
    """How many lines it runs, so that what goes round in a function counts too."""
    return traced(sys.settrace, "line", action)


def traced(trace: Callable[[Any], None], wanted: str, action: Any) -> int:
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == wanted
        return note

    trace(note)
    try:
        action()
    finally:
        trace(None)
    return count


def test_applying_a_commit_and_looking_at_the_pool_do_the_same_work_late_as_early() -> None:
    """Counted in function calls, at 100 and at 1,500 commits."""
    counts = []
    for size in (100, 1500):
        state = grown(size)
        proposal = mutation(state, 1, {"b": "new"}, [0.5] * 10)
        applied = calls_of(lambda state=state, proposal=proposal: state.apply(proposal))
        pool = Pool(state)

        def look(pool: Pool = pool) -> None:
            _ = (pool.best, pool.spent, pool.merges, len(pool.members), pool.proposals[-50:])
            _ = (pool.turn(pool.members[1]), pool.train_scores(pool.members[1]), pool.frontier.mean)

        counts.append((applied, calls_of(look)))
    (early_apply, early_look), (late_apply, late_look) = counts
    assert late_apply <= 1.5 * early_apply
    assert late_look <= 1.5 * early_look


def test_the_frontier_of_the_past_is_made_of_what_was_known_of_it() -> None:
    """A plugin that asks for it in every proposal, while others are committed, has it rebuilt once."""
    counts = []
    for size in (100, 1500):
        state = grown(size)
        assert Pool(state, size - 20).frontier is not state.frontier
        pool = Pool(state, size - 10)
        counts.append(lines_of(lambda pool=pool: pool.frontier))
        assert pool.frontier is not state.frontier
    early, late = counts
    assert late <= 1.5 * early


def test_choosing_looks_at_no_more_late_than_early_though_nearly_all_hold_a_best_score() -> None:
    """A parent, and pairs to merge, with scores of 0 and 1. Nobody asked before, so that nothing is kept."""
    counts = []
    for size in (100, 1501):
        state = grown(size, lambda rng: float(rng.random() < 0.3))
        holders = {index for key in state.frontier.keys for index in state.frontier.holders(key)}
        assert len(holders) > 0.9 * len(state.members)
        pool = Pool(state)
        parent = lines_of(lambda pool=pool: ParetoByFrequency().gepa_select_parent(pool, Random(0)))
        assert len(pool.survivors()) > 1
        merge = lines_of(
            lambda pool=pool: [
                SystemAwareMerge().gepa_merge_candidates(pool, Random(number)) for number in range(20)
            ]
        )
        assert merge > 500, "a merge is due"
        counts.append((parent, merge))
    (early_parent, early_merge), (late_parent, late_merge) = counts
    assert late_parent <= 1.5 * early_parent
    assert late_merge <= 1.5 * early_merge
