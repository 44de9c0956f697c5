"""Property 3 for what is known only once it was used: tokens and dollars. What docs/budget.md promises."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core import Budget, Execution, Result, Rollout, Trajectory
from gepa_core.errors import MetricError
from gepa_core.types import Usage
from tests.core.steady import steady
from tests.core.toys import QUICK, Toy, ToyModel, metric, preset, search

VAL, TEST, MINIBATCH, COMPONENTS = 4, 3, 3, 2
MOST_ROLLOUTS = 2 * MINIBATCH + VAL
MOST_REFLECTIONS = 2 * COMPONENTS
WIDE = attrs.evolve(QUICK, concurrency=32)


@attrs.frozen
class Prices:
    """The least and the most that a rollout and a reflection use, in cents and in tokens alike."""

    rollout: tuple[int, int]
    reflection: tuple[int, int]


PRICES = st.builds(
    lambda low, more, reflection, extra: Prices((low, low + more), (reflection, reflection + extra)),
    st.integers(1, 5),
    st.integers(0, 5),
    st.integers(0, 20),
    st.integers(0, 20),
)


def usage_of(amount: int) -> Usage:
    """So many tokens and cents."""
    return Usage(calls=1, input_tokens=amount, dollars=amount / 100)


def between(span: tuple[int, int], *what: object) -> int:
    """A figure in ``span`` that depends on ``what`` and nothing else."""
    digest = int(hashlib.sha256(repr(what).encode()).hexdigest(), 16)
    return span[0] + digest % (span[1] - span[0] + 1)


@attrs.define(eq=False, kw_only=True)
class Priced(Toy):
    """The toy, with prices of its own."""

    prices: Prices

    def _answer(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        rollout = super()._answer(texts, inputs)
        used = usage_of(between(self.prices.rollout, sorted(texts.items()), inputs))
        steps = [attrs.evolve(step, usage=used) for step in rollout.trajectory.steps]
        return attrs.evolve(rollout, trajectory=Trajectory(steps=tuple(steps)))


@attrs.define(eq=False, kw_only=True)
class PricedModel(ToyModel):
    """The reflection model, with prices of its own."""

    prices: Prices

    async def complete(self, messages: Any) -> Any:
        completion = await super().complete(messages)
        used = usage_of(between(self.prices.reflection, messages[0].content))
        return attrs.evolve(completion, usage=used)


def priced(prices: Prices, directory: Path, budget: Budget, lookahead: int, **changes: Any) -> Result:
    """A run of the toy with these prices."""
    arguments: dict[str, Any] = {
        "valset": range(20, 20 + VAL),
        "testset": range(40, 40 + TEST),
        "preset": preset(lookahead=lookahead),
        "reflection_lm": PricedModel(prices=prices, jitter=0.0005),
        "execution": WIDE,
        "budget": budget,
    }
    return search(Priced(prices=prices, jitter=0.0005), directory, **(arguments | changes))


def amount_of(usage: Usage, unit: str) -> float:
    return usage.tokens if unit == "tokens" else round(100 * usage.dollars, 6)


def limited(unit: str, amount: int) -> Budget:
    return Budget(tokens=amount) if unit == "tokens" else Budget(dollars=amount / 100)


@settings(steady, max_examples=20)
@given(
    prices=PRICES,
    allowed=st.integers(20, 900),
    lookahead=st.integers(1, 6),
    unit=st.sampled_from(["tokens", "dollars"]),
    seed=st.integers(0, 5),
)
def test_what_is_over_is_what_could_not_be_known(
    prices: Prices, allowed: int, lookahead: int, unit: str, seed: int
) -> None:
    """Beyond the limit is at most: the seed; what the first proposal's reflections use; and by how much
    what was in flight at the end, and the test set, used more than the mean of what had been seen."""
    with tempfile.TemporaryDirectory() as directory:
        result = priced(prices, Path(directory), limited(unit, allowed), lookahead, seed=seed)
    used = amount_of(result.cost.usage, unit)
    seed_used = amount_of(result.proposals[0].usage["seed"], unit)
    if len(result.proposals) == 1:
        assert used <= max(allowed, seed_used)
        return
    spread = prices.rollout[1] - prices.rollout[0]
    uneven = lookahead * MOST_REFLECTIONS * (prices.reflection[1] - prices.reflection[0])
    unknown = MOST_REFLECTIONS * prices.reflection[1]
    assert used <= allowed + spread * (lookahead * MOST_ROLLOUTS + 2 * TEST) + max(uneven, unknown)


@settings(steady, max_examples=10)
@given(
    price=st.integers(1, 9),
    reflection=st.integers(0, 30),
    allowed=st.integers(150, 1_000),
    lookahead=st.integers(1, 6),
    unit=st.sampled_from(["tokens", "dollars"]),
)
def test_where_prices_do_not_vary_nothing_is_over(
    price: int, reflection: int, allowed: int, lookahead: int, unit: str
) -> None:
    """Once one reflection was seen; and the test set that was kept for is run."""
    prices = Prices((price, price), (reflection, reflection))
    with tempfile.TemporaryDirectory() as directory:
        result = priced(prices, Path(directory), limited(unit, allowed), lookahead)
    used = amount_of(result.cost.usage, unit)
    unforeseen = result.proposals[1].reflections * reflection if len(result.proposals) == 2 else 0
    assert used <= max(allowed, VAL * price) + unforeseen
    if len(result.proposals) > 2:
        assert result.test is not None
    if "is used up" in result.stop_reason:
        # What is left is less than the most that one more proposal may use.
        assert used > allowed - MOST_ROLLOUTS * price - MOST_REFLECTIONS * reflection - TEST * price


@pytest.mark.parametrize("unit", ["tokens", "dollars"])
def test_until_a_reflection_was_seen_proposals_go_one_by_one(tmp_path: Path, unit: str) -> None:
    """However far a run may look ahead; without such a limit they go at once."""
    prices = Prices((1, 1), (7, 7))
    limit = limited(unit, 900)
    at_once = priced(prices, tmp_path / "free", Budget(rollouts=150), 4)
    one_by_one = priced(prices, tmp_path / unit, attrs.evolve(limit, rollouts=150), 4)
    assert [one.seen for one in at_once.proposals[1:5]] == [0, 0, 0, 0]
    first = next(one.number for one in one_by_one.proposals if one.reflections)
    assert [one.seen for one in one_by_one.proposals[1 : first + 2]] == list(range(first + 1))
    assert one_by_one.proposals[first + 4].seen == first


def test_what_is_expected_depends_on_commits_and_not_on_timing(tmp_path: Path) -> None:
    """One at a time or 32 at once, quick or slow: the same proposals, the same end."""
    prices = Prices((1, 9), (5, 25))
    runs = [
        priced(
            prices,
            tmp_path / str(number),
            Budget(dollars=9.0),
            4,
            execution=Execution(concurrency=concurrency),
            reflection_lm=PricedModel(prices=prices, jitter=jitter),
        )
        for number, (concurrency, jitter) in enumerate([(1, 0.0), (32, 0.004), (5, 0.002)])
    ]
    for run in runs[1:]:
        assert run.proposals == runs[0].proposals
        assert run.stop_reason == runs[0].stop_reason
        assert run.cost == runs[0].cost


@pytest.mark.parametrize("unit", ["tokens", "dollars"])
def test_too_little_for_one_proposal_is_said_once_the_seed_has_shown_its_price(
    tmp_path: Path, unit: str
) -> None:
    """With the least that would do; nothing more is spent, and that least tries a proposal."""
    prices = Prices((3, 3), (10, 10))
    rollouts = VAL + MOST_ROLLOUTS + 2 * TEST
    few = priced(prices, tmp_path, limited(unit, 3 * rollouts - 1), 1)
    least = str(3 * rollouts) if unit == "tokens" else f"{0.03 * rollouts:g}"
    assert "is too small to try one proposal" in few.stop_reason
    assert f"Give {unit}={least} or more" in few.stop_reason
    assert few.cost.rollouts == {"seed": VAL, "test": TEST}
    enough = priced(prices, tmp_path, limited(unit, 3 * rollouts), 1)
    assert len(enough.proposals) == 2
    assert enough.proposals[0] == few.proposals[0]


def test_a_test_set_that_would_cross_the_limit_is_not_run(tmp_path: Path) -> None:
    """The seed has used it all up; a larger limit runs it."""
    prices = Prices((3, 3), (10, 10))
    few = priced(prices, tmp_path, Budget(tokens=3 * VAL + 1), 1)
    assert few.test is None
    assert (
        "the test set was not run: it is expected to use 9 tokens, and 1 tokens are left" in few.stop_reason
    )
    assert few.cost.rollouts == {"seed": VAL}
    assert few.complete
    assert priced(prices, tmp_path, Budget(tokens=600), 1).test is not None


@attrs.define(eq=False, kw_only=True)
class Flaky(Priced):
    """Every so many runs, the connection breaks after a call that has to be paid."""

    every: int = 3

    def _answer(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        rollout = super()._answer(texts, inputs)
        return (
            attrs.evolve(rollout, error=ConnectionError("gone")) if self.runs % self.every == 0 else rollout
        )


def test_what_failed_attempts_used_is_spent_too(tmp_path: Path) -> None:
    """They are no rollouts; what they used is in the ledger and counts against the limit."""
    prices = Prices((2, 2), (5, 5))
    app = Flaky(prices=prices)
    broken = search(
        app,
        tmp_path / "flaky",
        budget=Budget(rollouts=120, tokens=10_000),
        execution=attrs.evolve(QUICK, concurrency=1),
        reflection_lm=PricedModel(prices=prices),
    )
    failed = broken.cost.failed
    assert app.runs == broken.cost.total_rollouts + broken.cost.retries
    assert broken.cost.retries > 20
    assert broken.cost.lost_usage.tokens == 2 * broken.cost.retries
    assert set(failed) <= {"seed", "parent", "child", "validation", "merge"}
    assert sum((one.lost for one in broken.proposals), Usage()) == broken.cost.lost_usage
    whole = search(
        Priced(prices=prices),
        tmp_path / "whole",
        budget=Budget(rollouts=120, tokens=10_000),
        reflection_lm=PricedModel(prices=prices),
    )
    assert broken.proposals == whole.proposals
    assert whole.cost.retries == 0
    less = search(
        Flaky(prices=prices),
        tmp_path / "less",
        budget=Budget(tokens=400),
        execution=attrs.evolve(QUICK, concurrency=1),
        reflection_lm=PricedModel(prices=prices),
    )
    assert 300 < less.cost.usage.tokens <= 400


@attrs.define(eq=False, kw_only=True)
class Refused(Priced):
    """On some numbers the provider refuses the prompt, which nobody reports the tokens of."""

    def _answer(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        rollout = super()._answer(texts, inputs)
        if inputs % 5:
            return rollout
        unknown = Usage(calls=1, unmetered=1, unpriced=1)
        steps = [attrs.evolve(step, usage=unknown, error="too long") for step in rollout.trajectory.steps]
        return Rollout(trajectory=Trajectory(steps=tuple(steps)), error=ValueError("too long"))


@pytest.mark.parametrize("unit", ["tokens", "dollars"])
def test_a_call_that_was_refused_is_no_unknown_price(tmp_path: Path, unit: str) -> None:
    """It is a failure of the candidate on that example, and the limit can be kept all the same."""
    app = Refused(prices=Prices((2, 2), (5, 5)))
    model = PricedModel(prices=app.prices)
    result = search(app, tmp_path, budget=limited(unit, 300), reflection_lm=model)
    assert len(result.proposals) > 3
    assert "is used up" in result.stop_reason
    assert 200 < amount_of(result.cost.usage, unit) <= 300


def breaking(after: int) -> Callable[..., Any]:
    """`metric` that raises from the ``after``-th call on, and so ends a run with what is in flight."""
    calls = 0

    def breaks(example: Any, output: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= after:
            raise RuntimeError("the metric broke")
        return metric(example, output)

    breaks.__module__, breaks.__qualname__ = metric.__module__, metric.__qualname__
    return breaks


@settings(steady, max_examples=12)
@given(after=st.integers(12, 85), lookahead=st.integers(2, 6), seed=st.integers(0, 4))
def test_nothing_is_bought_in_vain_when_a_run_goes_on_with_more(
    after: int, lookahead: int, seed: int
) -> None:
    """Broken off anywhere, also where proposals had waited for a budget that is larger now: whatever was
    finished is used by the proposal that wanted it, and the rollouts stay within the limit."""
    with tempfile.TemporaryDirectory() as directory:
        arguments: dict[str, Any] = {"seed": seed, "preset": preset(lookahead=lookahead), "execution": WIDE}
        with contextlib.suppress(MetricError):
            search(Toy(), Path(directory), budget=90, metric=breaking(after), **arguments)
        result = search(Toy(), Path(directory), budget=160, **arguments)
    assert result.cost.pending == 0
    assert result.cost.total_rollouts <= 160
