"""Pools that grow by one candidate after the other, and what each step of it costs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

import attrs
from gepa.core.state import GEPAState, ValsetEvaluation
from gepa.strategies.candidate_selector import ParetoCandidateSelector

from gepa_core import Component
from gepa_core.data import as_examples
from gepa_core.defaults.merge import SystemAwareMerge
from gepa_core.defaults.selection import ParetoByFrequency
from gepa_core.pool import Pool
from gepa_core.state import State
from gepa_core.store import Store
from gepa_core.types import Proposal
from tests.benchmarks.apart import peak

T = TypeVar("T")

LAST = 30
"""Steps that a median is taken of."""


class Clock:
    """Notes the CPU time of things, by name."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = {}

    def timed(self, name: str, action: Callable[..., T], *arguments: Any) -> T:
        """What ``action`` returns."""
        began = time.process_time()
        result = action(*arguments)
        self._times.setdefault(name, []).append(time.process_time() - began)
        return result

    def medians(self) -> dict[str, float]:
        """Of each name the median of the last times."""
        return {name: median(times[-LAST:]) for name, times in self._times.items()}


class Growing(Protocol):
    """A pool that is given one candidate after the other.

    Attributes:
        clock: has timed what was done.
        choosing: of how many of the last steps choosing is to be timed.
    """

    clock: Clock
    choosing: int

    def choose(self, number: int) -> None:
        """Choose what to make candidate ``number`` of, and throw it away."""

    def add(self, number: int, scores: Sequence[float]) -> None:
        """Enter candidate ``number``, whose parent is the one before it."""


@attrs.define(kw_only=True)
class Ours:
    """The pool with its store and the built-in choices."""

    examples: int
    store: Store
    clock: Clock = attrs.field(factory=Clock)
    choosing: int = LAST
    _parents: ParetoByFrequency = attrs.field(factory=ParetoByFrequency)
    _merges: SystemAwareMerge = attrs.field(factory=lambda: SystemAwareMerge(invocations=10**9))
    _state: State = attrs.field(init=False)

    @_state.default
    def _empty(self) -> State:
        return State(
            components=tuple(Component(name=name, text="0") for name in ("plan", "search", "answer")),
            train=as_examples(range(50), "train"),
            val=as_examples(range(100, 100 + self.examples), "val"),
            seed=0,
        )

    def choose(self, number: int) -> None:
        """A parent, and two candidates to merge."""
        pool = Pool(self._state)
        self.clock.timed("parent", self._parents.gepa_select_parent, pool, pool.rng("parent", number))
        self.clock.timed("merge", self._merges.gepa_merge_candidates, pool, pool.rng("merge", number))

    def add(self, number: int, scores: Sequence[float]) -> None:
        """Write the proposal and fold it into the state."""
        proposal = self._proposal(number, scores)
        self.clock.timed("write", self.store.commit, proposal, ())
        self.clock.timed("enter", self._state.apply, proposal)

    def _proposal(self, number: int, scores: Sequence[float]) -> Proposal:
        names = [component.name for component in self._state.components]
        parent = random.Random(number).randrange(max(0, number - 20), number) if number else None
        texts = dict.fromkeys(names, "0") if parent is None else self._state.members[parent].candidate.texts
        changed = names[number % len(names)]
        return Proposal(
            number=number,
            kind="seed" if parent is None else "mutation",
            seen=number - 1,
            parents=() if parent is None else (parent,),
            components=tuple(names) if parent is None else (changed,),
            texts={**texts, changed: str(number)},
            status="accepted",
            scores={example.id: score for example, score in zip(self._state.val, scores, strict=True)},
            rollouts={"validation": len(scores)},
        )


@attrs.define(kw_only=True)
class Theirs:
    """The same of the PyPI package gepa, which is not asked to write anything."""

    clock: Clock = attrs.field(factory=Clock)
    choosing: int = 1
    _state: GEPAState[Any, int] | None = None

    def choose(self, number: int) -> None:
        """A parent."""
        selector = ParetoCandidateSelector(random.Random(number))
        self.clock.timed("parent", selector.select_candidate_idx, self._state)

    def add(self, number: int, scores: Sequence[float]) -> None:
        """Enter a candidate."""
        evaluation: ValsetEvaluation[Any, int] = ValsetEvaluation({}, dict(enumerate(scores)))
        if self._state is None:
            self._state = GEPAState({"plan": "0"}, evaluation)
            return
        enter = self._state.update_state_with_new_program
        self.clock.timed("enter", enter, [number - 1], {"plan": str(number)}, evaluation, None, 0)


def our_pools(examples: int, sizes: Sequence[int]) -> dict[int, dict[str, float]]:
    """What steps cost in pools of each of ``sizes``: CPU seconds by name, and bytes of ``memory``."""
    with TemporaryDirectory() as scratch, ExitStack() as stores:
        pools: dict[int, Growing] = {}
        for size in sizes:
            store = stores.enter_context(closing(Store.open(Path(scratch, str(size)))))
            pools[size] = Ours(examples=examples, store=store)
        return _grown(pools, examples)


def their_pools(examples: int, sizes: Sequence[int]) -> dict[int, dict[str, float]]:
    """The same of gepa."""
    return _grown({size: Theirs() for size in sizes}, examples)


def _grown(pools: Mapping[int, Growing], examples: int) -> dict[int, dict[str, float]]:
    """The last steps are taken in turn, so that what else the machine does disturbs all pools alike."""
    found: dict[int, dict[str, float]] = {}
    for size, pool in pools.items():
        before = peak()
        for number in range(size - LAST):
            pool.add(number, _scores(number, size, examples))
        found[size] = {"memory": 1e6 * (peak() - before)}
    for left in range(LAST, 0, -1):
        for size, pool in pools.items():
            if left <= pool.choosing:
                pool.choose(size - left)
            pool.add(size - left, _scores(size - left, size, examples))
    return {size: found[size] | pool.clock.medians() for size, pool in pools.items()}


def _scores(number: int, size: int, examples: int) -> list[float]:
    """Scores of 0 and 1, and the later a candidate the more of them are 1."""
    rng, chance = random.Random(number), 0.3 + 0.6 * number / size
    return [float(rng.random() < chance) for _ in range(examples)]
