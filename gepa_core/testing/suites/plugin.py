"""The suite for plugins."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import strategies as st

from gepa_core.errors import ProposalDropped
from gepa_core.events import (
    Event,
    HeldBack,
    LimitReached,
    ProposalCommitted,
    ProposalStarted,
    ReflectionFinished,
    Retried,
    RolloutFinished,
    RunEnded,
    RunStarted,
    Warned,
)
from gepa_core.guard import proposed_problems
from gepa_core.manager import PluginManager
from gepa_core.presets import as_preset
from gepa_core.stages import Stages
from gepa_core.testing.running import run_toy
from gepa_core.testing.suites.base import Suite, for_all
from gepa_core.testing.suites.questions import (
    DECIDING,
    Question,
    answers,
    candidate_of,
    hooks_of,
    plain_answer,
    questions,
    request,
    seen_of,
    stages_with,
)
from gepa_core.testing.suites.trial import settled
from gepa_core.testing.toy import ToySystem
from gepa_core.types import Proposal, Rollout

_ALLOWED = ("unchanged", "unwritable", "placeholder", "too-long")
"""What a proposed text may be found to be: the engine drops it then."""


class PluginSuite(Suite):
    """What holds for every plugin, whichever hooks it has; tests of hooks that it has not are skipped.

    Subclass it in a test module, under a name that begins with ``Test``, and supply `plugin`.

    Attributes:
        budget: rollouts of the toy runs that the plugin is tried in.
        is_deterministic: False where the plugin asks something outside that answers as it likes, such as a
            model without a seed.
    """

    budget: int = 60
    is_deterministic: bool = True

    @abstractmethod
    def plugin(self) -> Any:
        """A new plugin, with the same options each time."""

    # registering ----------------------------------------------------------------

    def test_it_can_be_registered(self) -> None:
        """Required: the plugin is taken alone, beside the built-in ones, and with another one of its kind.

        To mend: the error says what is wrong. Write ``@attrs.define(eq=False)`` over its class, or two of
        them cannot be told apart.
        """
        PluginManager([self.plugin()], {})
        PluginManager([self.plugin()], as_preset("default").plugins)
        PluginManager([self.plugin(), self.plugin()], {})
        assert self.plugin() is not self.plugin(), "plugin() returned the same object twice"

    # deciding -------------------------------------------------------------------

    def test_its_decisions_can_be_used(self) -> None:
        """Required: whatever the pool, an answer is of the kind that the hook asks for, or None.

        To mend: the error quotes the answer. Think of a pool with the seed alone, of one component, of
        members that ran some validation examples only, of scores below zero and above one.
        """
        hooks = self._deciding()
        for_all(questions(), lambda asked: answers(stages_with(self.plugin()), hooks, asked), self.examples)

    def test_it_decides_by_what_it_is_given(self) -> None:
        """Required: equal pool, number and seed have equal answers, in another instance and after other
        calls. A run that goes on after it was killed asks a new instance, and not all that was asked before.

        To mend: keep nothing between calls, and take every random choice from ``rng``.
        """
        hooks = self._deciding()
        self._needs_determinism()

        def check(both: tuple[Question, Question]) -> None:
            asked, other = both
            used = stages_with(self.plugin())
            expected = answers(used, hooks, asked)
            answers(used, hooks, other)
            assert answers(used, hooks, asked) == expected, "another call in between has changed the answer"
            assert answers(stages_with(self.plugin()), hooks, asked) == expected, "a new instance differs"

        for_all(_pairs(), check, self.examples)

    def test_the_pool_is_not_changed(self) -> None:
        """Required: nothing in the pool is another after the plugin was asked.

        To mend: copy what you sort or change; the pool is what the engine itself works with.
        """
        hooks = self._deciding()

        def check(asked: Question) -> None:
            before = seen_of(asked.pool)
            given = list(asked.outcomes), dict(asked.known), list(asked.before), list(asked.after)
            answers(stages_with(self.plugin()), hooks, asked)
            assert seen_of(asked.pool) == before
            assert (asked.outcomes, asked.known, asked.before, asked.after) == given

        for_all(questions(), check, self.examples)

    # running --------------------------------------------------------------------

    def test_its_texts_can_be_used(self) -> None:
        """Required: `gepa_propose_texts` returns texts for components that were asked for, or raises
        ProposalDropped.

        To mend: give texts by name for ``request.components`` alone, and ask ``request.problems`` first.
        """
        self._needs("gepa_propose_texts")

        def check(asked: Question) -> None:
            wanted = request(asked)
            found = _proposed(stages_with(self.plugin()), wanted)
            if isinstance(found, str):
                return
            own = {one.name: one for one in asked.pool.components}
            chosen = [one.name for one in wanted.components]
            assert set(found) <= set(chosen), f"texts for {sorted(found)}, and {chosen} were asked for"
            problems = proposed_problems(own, chosen, asked.parent.candidate.texts, found)
            fatal = [one for one in problems if not one.startswith(_ALLOWED)]
            assert not fatal

        for_all(questions(), check, self.examples)

    def test_it_captures_rollouts(self) -> None:
        """Required: `gepa_capture_trajectory` returns a rollout of the system with the candidate's texts. An
        app's error is in it.

        To mend: return a `Rollout`; a wrapper awaits what its ``yield`` gave it, once, and returns it.
        """
        self._needs("gepa_capture_trajectory")
        self._check_slow(
            lambda stages, asked: stages.capture(ToySystem(), candidate_of(asked), asked.pool.train[0])
        )

    def test_it_gives_feedback(self) -> None:
        """Required: `gepa_give_feedback` returns a Feedback whose score is a finite number.

        To mend: return a `Feedback`; None leaves the scoring to the metric.
        """
        self._needs("gepa_give_feedback")
        self._check_slow(lambda stages, asked: stages.feedback(asked.pool.train[0], Rollout(output=1)))

    def test_slow_hooks_answer_alike(self) -> None:
        """Required: asked the same, a mutation writes the same texts, in another instance too.

        To mend: take random choices from ``request.rng``, and everything a model says from
        ``request.model``, whose answers are stored.
        """
        self._needs("gepa_propose_texts")
        self._needs_determinism()

        def check(asked: Question) -> None:
            found = [_proposed(stages_with(self.plugin()), request(asked)) for _ in range(2)]
            assert found[0] == found[1]

        for_all(questions(), check, self.examples)

    # observing ------------------------------------------------------------------

    def test_it_hears_every_event(self) -> None:
        """Required: `gepa_notify` takes each type of event; it may not raise.

        To mend: look at the event's type before its fields, and pass over types that you do not know.
        """
        self._needs("gepa_notify")
        found = PluginManager([self.plugin()], {}).implementations("gepa_notify")
        for event in _events():
            for implementation in found:
                implementation.call({"event": event})

    def test_a_run_is_the_same_at_any_concurrency(self) -> None:
        """Required: a whole run with the plugin ends, and is the same with 1 rollout at once and with 16, and
        when it is read back from the disk.

        To mend: decide by the pool and the proposal's number, never by what was called or heard so far.
        """
        self._needs_determinism()
        with tempfile.TemporaryDirectory(prefix="gepa-suite-") as directory:
            one = self._run(1, Path(directory, "run"))
            assert one == self._run(16, Path(directory, "other"))
            assert one == self._run(4, Path(directory, "run")), "the stored run went on in another way"

    # helpers ----------------------------------------------------------------------

    def _run(self, concurrency: int, directory: Path) -> list[Proposal]:
        result = run_toy(self.plugin(), budget=self.budget, concurrency=concurrency, run_dir=directory)
        return list(result.proposals)

    def _deciding(self) -> Sequence[str]:
        hooks = [hook for hook in hooks_of(self.plugin()) if hook in DECIDING]
        if not hooks:
            pytest.skip("the plugin decides nothing by the pool")
        return hooks

    def _needs(self, hook: str) -> None:
        if hook not in hooks_of(self.plugin()):
            pytest.skip(f"the plugin has no {hook}")

    def _needs_determinism(self) -> None:
        if not self.is_deterministic:
            pytest.skip("is_deterministic = False")

    def _check_slow(self, ask: Any) -> None:
        def check(asked: Question) -> None:
            before = seen_of(asked.pool)
            one, other = (settled(ask(stages_with(self.plugin()), asked)) for _ in range(2))
            assert seen_of(asked.pool) == before
            assert plain_answer(one) == plain_answer(other) or not self.is_deterministic

        for_all(questions(), check, min(self.examples, 10))


def _pairs() -> st.SearchStrategy[tuple[Question, Question]]:
    return st.tuples(questions(), questions())


def _proposed(stages: Stages, wanted: Any) -> Any:
    """The texts; or why there are none."""
    try:
        return dict(settled(stages.propose(wanted)))
    except ProposalDropped as dropped:
        return str(dropped)


def _events() -> Iterator[Event]:
    names = ("plan", "act")
    yield RunStarted(run_dir="run", components=names, train=3, val=2, test=0, rollout_budget=None)
    yield RunStarted(run_dir="run", components=names, train=3, val=2, test=1, rollout_budget=60, resumed=4)
    yield ProposalStarted(number=0, kind="seed")
    yield ProposalStarted(number=1, kind="mutation", parents=(0,))
    yield RolloutFinished(number=0, purpose="seed", example="v", score=0.5, failed=False, reused=False)
    yield RolloutFinished(number=1, purpose="child", example="t", score=0.0, failed=True, reused=True)
    yield Retried(number=1, what="rollout", attempt=1, wait=0.1, error="timeout")
    yield HeldBack(model="openai/gpt-4.1", seconds=12.0, error="rate limit")
    yield LimitReached(model="gpt-4.1", limit="openai/*")
    yield ReflectionFinished(number=1, text="```\nnew\n```")
    proposal = Proposal(number=1, kind="mutation", parents=(0,), status="dropped", reason="empty: no text")
    committed = ProposalCommitted(
        proposal=proposal, pool_size=1, best_score=0.5, best_index=0, frontier_score=0.5, spent=9
    )
    yield committed
    seed = Proposal(
        number=0, kind="seed", status="accepted", texts=dict.fromkeys(names, "x"), scores={"v": 1.0}
    )
    yield attrs.evolve(committed, proposal=seed)
    yield Warned(message="something")
    yield RunEnded(reason="the budget is used up", spent=60)
