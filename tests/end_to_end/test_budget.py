"""Property 3: the budget is reserved before it is spent, and never exceeded."""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core import Budget, Example, Pool, Rollout, hookimpl
from gepa_core.budget import Ledger
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.errors import BudgetTooSmall, ConfigurationError, StoreError
from gepa_core.state import State
from gepa_core.types import Proposal, Spend, Usage
from tests.core.steady import steady
from tests.core.toys import COMPONENTS, QUICK, SyncToy, Toy, ToyModel, preset, reflect, search, total


@attrs.define(eq=False, kw_only=True)
class Metered:
    """Counts runs, and notes whether there was ever one too many."""

    limit: int
    runs: int = 0
    exceeded: bool = False
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def __call__(self, _texts: Mapping[str, str], _inputs: Any) -> None:
        with self._lock:
            self.runs += 1
            self.exceeded = self.exceeded or self.runs > self.limit


LEAST = 2 * 4 + 2 * 3 + 2
"""Seed and one new candidate on 4 validation examples, a minibatch of 3 twice, 2 probes."""
REBASED = 3
"""The minibatch once more, where a candidate may be rebased."""


@settings(steady, max_examples=10)
@given(
    budget=st.integers(LEAST + REBASED + 4, 120),
    lookahead=st.integers(1, 8),
    seed=st.integers(0, 9),
    name=st.sampled_from(["paper", "default"]),
    sync=st.booleans(),
    test=st.integers(0, 2),
    attributed=st.booleans(),
)
def test_what_is_charged_is_what_was_run_and_fits(  # noqa: PLR0917 - hypothesis passes by name
    budget: int, lookahead: int, seed: int, name: str, sync: bool, test: int, attributed: bool
) -> None:
    """Counted by the app itself, at every moment; the test set included; for any lookahead."""
    meter = Metered(limit=budget)
    system = (SyncToy if sync else Toy)(on_run=meter, jitter=0.0005, attributed=attributed)
    with tempfile.TemporaryDirectory() as directory:
        result = search(
            system,
            Path(directory),
            valset=range(20, 24),
            testset=range(40, 40 + test),
            budget=budget,
            seed=seed,
            preset=preset(name, lookahead=lookahead),
        )
    assert not meter.exceeded
    assert total(result) == meter.runs == system.runs
    assert (result.test is None) == (test == 0)
    for proposal in result.proposals:
        assert sum(proposal.rollouts.values()) <= proposal.reserved.total_rollouts


def test_the_budget_is_used_up_as_far_as_a_proposal_fits(tmp_path: Path) -> None:
    """What is left at the end is less than the most that one more proposal may need."""
    for lookahead in (1, 4, 8):
        result = search(Toy(), tmp_path / str(lookahead), budget=90, preset=preset(lookahead=lookahead))
        assert "the budget of 90 rollouts is used up" in result.stop_reason
        assert 90 - 12 - (lookahead > 1) * REBASED < total(result) <= 90


@pytest.mark.parametrize("test", [0, 3])
@pytest.mark.parametrize("lookahead", [1, 4])
def test_a_budget_that_is_too_small_names_the_least_that_would_do(
    tmp_path: Path, lookahead: int, test: int
) -> None:
    """One rollout less is refused before anything runs; that least tries a proposal to its end."""
    arguments: dict[str, Any] = {
        "valset": range(20, 24),
        "testset": range(40, 40 + test),
        "preset": preset("paper", lookahead=lookahead),
    }
    system = Toy()
    with pytest.raises(BudgetTooSmall, match="too small") as caught:
        search(system, tmp_path / "small", budget=LEAST - 1 + 2 * test, **arguments)
    assert system.runs == 0
    assert caught.value.least == LEAST + 2 * test
    result = search(system, tmp_path / "small", budget=caught.value.least, **arguments)
    assert len(result.proposals) >= 2
    assert result.improved
    assert (result.test is None) == (test == 0)
    assert total(result) == system.runs <= caught.value.least


def test_a_tested_run_that_goes_on_stays_within_its_larger_budget(tmp_path: Path) -> None:
    """The rollouts spent on testing a candidate that is bettered later are part of the budget too."""
    arguments: dict[str, Any] = {"testset": range(40, 52), "valset": range(20, 24)}
    for step, budget in enumerate((50, 80, 110, 140)):
        meter = Metered(limit=140)
        result = search(Toy(on_run=meter), tmp_path, budget=budget, **arguments)
        assert total(result) <= budget, step
    assert total(result) > 110


def test_a_resumed_end_says_the_same(tmp_path: Path) -> None:
    """Running a finished run again costs nothing and gives the same reason, scores and cost."""
    first = search(Toy(), tmp_path, testset=range(40, 44))
    system = Toy()
    again = search(system, tmp_path, testset=range(40, 44))
    assert system.runs == 0
    assert again == attrs.evolve(first, app=again.app)


@pytest.mark.parametrize("lookahead", [1, 8])
def test_32_in_flight_with_retries_fit_too(tmp_path: Path, lookahead: int) -> None:
    """Attempts that fail are no rollouts: those that are scored are counted, and no more."""
    lock, failed, scored = threading.Lock(), set[str](), 0

    def flaky(texts: Mapping[str, str], inputs: Any) -> None:
        nonlocal scored
        key = f"{texts} {inputs}"
        with lock:
            if inputs % 2 and key not in failed:
                failed.add(key)
                raise ConnectionError("gone")
            scored += 1

    system = SyncToy(on_run=flaky, jitter=0.001)
    result = search(
        system,
        tmp_path,
        budget=110,
        testset=range(40, 43),
        preset=preset(lookahead=lookahead),
        execution=attrs.evolve(QUICK, concurrency=32),
    )
    assert total(result) == scored <= 110
    assert result.cost.retries == len(failed) > 30


def test_of_two_that_go_on_at_once_one_is_refused(tmp_path: Path) -> None:
    """It spends nothing, and what the other spends fits."""
    search(Toy(), tmp_path, budget=60)
    begun, may_go_on = threading.Event(), threading.Event()

    def wait(_texts: Mapping[str, str], _inputs: Any) -> None:
        begun.set()
        may_go_on.wait(20)

    first, second = SyncToy(on_run=wait), SyncToy()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(search, first, tmp_path, budget=120)
        try:
            assert begun.wait(20)
            with pytest.raises(StoreError, match="in use by another process"):
                search(second, tmp_path, budget=120)
        finally:
            may_go_on.set()
        result = running.result()
    assert second.runs == 0
    assert 60 < total(result) <= 120


def test_a_plugin_with_larger_minibatches_raises_the_least(tmp_path: Path) -> None:
    """What one proposal needs is known of the built-in sampling, and said after the seed for any other."""
    larger = EpochMinibatch(size=5)
    with pytest.raises(BudgetTooSmall) as caught:
        search(Toy(), tmp_path / "built-in", budget=23, plugins=[larger])
    assert caught.value.least == 2 * 6 + 2 * 5 + 2

    class AllTrain:
        @hookimpl
        def gepa_sample_examples(self, pool: Pool) -> Sequence[Example]:
            return pool.train

    result = search(Toy(), tmp_path / "other", budget=30, plugins=[AllTrain()])
    assert result.cost.rollouts == {"seed": 6}
    assert "is too small to try one proposal, which may need 30 (6 spent)" in result.stop_reason
    assert "Give rollouts=36 or more" in result.stop_reason


def test_reflections_are_a_limit(tmp_path: Path) -> None:
    """Never more calls than allowed, retries included; too few for one proposal are refused."""
    for lookahead in (1, 4):
        model = ToyModel()
        result = search(
            Toy(),
            tmp_path / str(lookahead),
            budget=Budget(reflections=9),
            reflection_lm=model,
            preset=preset(lookahead=lookahead),
        )
        assert "the budget of 9 reflections is used up" in result.stop_reason
        assert len(model.prompts) == result.cost.reflections <= 9
        assert result.cost.reflections > 9 - 4
    with pytest.raises(BudgetTooSmall, match="reflections is too small") as caught:
        search(Toy(), tmp_path / "few", budget=Budget(reflections=3))
    assert caught.value.least == 4


def test_dollars_and_tokens_are_limits_where_they_are_known(tmp_path: Path) -> None:
    """Both are kept within what one proposal may cost."""
    dollars = search(Toy(), tmp_path / "dollars", budget=Budget(dollars=2.0))
    spent = dollars.cost.task_usage.dollars + dollars.cost.reflection_usage.dollars
    assert "the budget of $2 is used up" in dollars.stop_reason
    assert 1.0 < spent <= 2.0
    tokens = search(Toy(), tmp_path / "tokens", budget=Budget(tokens=4_000))
    used = tokens.cost.task_usage.tokens + tokens.cost.reflection_usage.tokens
    assert "the budget of 4000 tokens is used up" in tokens.stop_reason
    assert 2_000 < used <= 4_000


def test_limits_that_cannot_be_kept_end_the_run(tmp_path: Path) -> None:
    """An unknown price is not a price of 0, nor are unreported tokens none."""
    for name, budget, usage in (
        ("dollars", Budget(dollars=5.0), Usage(calls=1, input_tokens=5, output_tokens=5, unpriced=1)),
        ("tokens", Budget(tokens=10_000), Usage(calls=1, unmetered=1, dollars=0.1)),
    ):
        result = search(Toy(), tmp_path / name, budget=budget, reflection_lm=ToyModel(usage=usage))
        assert "cannot be kept" in result.stop_reason
        assert len(result.proposals) == 2


def test_seconds_end_a_run_and_its_result_is_kept(tmp_path: Path) -> None:
    """The limit ends it between commits; running it again goes on from there."""
    result = search(Toy(jitter=0.08), tmp_path, budget=Budget(rollouts=10_000, seconds=1.0))
    assert result.stop_reason == "the time limit of 1 seconds is over"
    assert len(result.proposals) >= 1
    more = search(Toy(jitter=0.001), tmp_path, budget=len(result.proposals) * 12 + 60)
    assert more.proposals[: len(result.proposals)] == result.proposals
    assert len(more.proposals) > len(result.proposals)


def test_seconds_leave_time_for_the_test_set(tmp_path: Path) -> None:
    """The search ends early by what the test set will take, at the pace of the seed's validation."""

    class QuickOnTest(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            await asyncio.sleep(0.3 if inputs < 40 else 0)  # so that a busy machine has the time as well
            return await super().run(texts, inputs)

    limit = Budget(rollouts=10_000, seconds=2.5)
    result = search(QuickOnTest(), tmp_path, budget=limit, testset=range(40, 44))
    assert re.match(
        r"the time limit of 2.5 seconds is over \(\S+ of them are kept for the test set\)", result.stop_reason
    )
    assert result.test is not None
    assert result.complete


def test_a_test_set_that_takes_too_long_is_left_for_another_call(tmp_path: Path) -> None:
    """The limit holds for it too; the reason says what is missing, and how to get it."""

    class Slow(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            await asyncio.sleep(0.5 if inputs >= 40 else 0.01)
            return await super().run(texts, inputs)

    arguments: dict[str, Any] = {"testset": range(40, 60)}
    result = search(Slow(), tmp_path, budget=Budget(rollouts=10_000, seconds=1.0), **arguments)
    assert result.test is None
    assert result.stop_reason.endswith(
        "; the test set was not run to its end: the time limit of 1 seconds is over;"
        " run again with the same run_dir"
    )
    spent = total(result)
    again = search(Toy(), tmp_path, budget=spent + 60, **arguments)
    assert again.test is not None
    assert again.proposals[: len(result.proposals)] == result.proposals


def test_retries_of_reflection_are_reserved(tmp_path: Path) -> None:
    """As many as the plugin asks for, where calls are limited too."""

    def late(prompt: str) -> str:
        tries.append(prompt)
        return reflect(prompt) if len(tries) % 4 == 0 else "I cannot help with that."

    tries: list[str] = []
    result = search(
        Toy(),
        tmp_path,
        budget=Budget(reflections=16),
        plugins=[ReflectiveMutation(retries=3)],
        reflection_lm=ToyModel(write=late),
    )
    assert len(tries) == 12  # of 16: a proposal may need 4 calls for each of 2 components
    assert {one.reflections for one in result.proposals[1:]} == {4}
    assert not [one for one in result.proposals if one.reason.startswith("calls")]
    with pytest.raises(BudgetTooSmall) as caught:
        search(
            Toy(),
            tmp_path / "few",
            budget=Budget(reflections=7),
            plugins=[ReflectiveMutation(retries=3)],
        )
    assert caught.value.least == 8


@pytest.mark.parametrize("bad", [0, -5, 2.5, True, "300", None])
def test_a_budget_that_is_none_is_refused(tmp_path: Path, bad: Any) -> None:
    """Zero, a fraction, a text: each is told what a budget is."""
    with pytest.raises(ConfigurationError, match="budget"):
        search(Toy(), tmp_path, budget=bad)
    with pytest.raises(ConfigurationError, match="no budget"):
        Budget()


@steady
@given(
    limit=st.integers(10, 60),
    needs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=25),
    lookahead=st.integers(1, 5),
)
def test_reservations_never_let_more_in_than_fits(
    limit: int, needs: list[tuple[int, int]], lookahead: int
) -> None:
    """The ledger alone: whatever is reserved (the most) and spent (at most that), the sum fits."""
    state = State(components=COMPONENTS, train=(), val=(), seed=0)
    ledger = Ledger(budget=Budget(rollouts=limit), state=state)
    waiting: list[tuple[int, int]] = []
    number = spent = 0

    def settle() -> None:
        nonlocal spent
        index, cost = waiting.pop(0)
        spent += cost
        state.apply(Proposal(number=index, kind="merge", status="dropped", rollouts={"merge": cost}))
        ledger.settle(index)

    for most, cost in needs:
        while ledger.refusal(Spend(rollouts={"merge": most})) and waiting:
            settle()
        if ledger.refusal(Spend(rollouts={"merge": most})):
            assert spent + most > limit
            continue
        ledger.reserve(number, Spend(rollouts={"merge": most}))
        waiting.append((number, min(cost, most)))
        number += 1
        assert spent + sum(cost for _, cost in waiting) <= limit
        if len(waiting) >= lookahead:
            settle()
    while waiting:
        settle()
    assert spent == (state.spent[-1] if state.spent else 0) <= limit
    assert not ledger.in_flight
