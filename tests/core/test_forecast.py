"""What a run would cost, counted before it begins, against what runs do cost."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Budget, Feedback, Usage, aestimate, estimate, hookimpl
from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.errors import BudgetTooSmall, ConfigurationError, MetricError, RunMismatch
from gepa_core.expectation import Estimate
from gepa_core.forecast import Each, forecast
from gepa_core.prices import Price, price_of
from gepa_core.sizes import Sizes
from tests.core.steady import steady
from tests.core.toys import QUICK, Toy, ToyModel, metric, preset, search

NEVER_ENDS = ["no:merge", "no:perfect", "no:stalled"]


def estimated(system: Any, **changes: Any) -> Estimate:
    """`estimate` of the run that `search` does."""
    return estimate(system, **(arguments() | changes))


def arguments() -> dict[str, Any]:
    """Those of the run that `search` does."""
    return {
        "trainset": range(12),
        "valset": range(20, 26),
        "metric": metric,
        "reflection_lm": ToyModel(),
        "budget": 120,
        "execution": QUICK,
    }


@attrs.define(eq=False)
class Accepting:
    """Accepts every candidate, or none."""

    all: bool

    @hookimpl
    def gepa_accept_candidate(self) -> bool:
        return self.all


def unlike_any_other(prompt: str) -> str:
    """A new text that was never proposed before."""
    current = re.search(r"## Current text\n```\n(.*?)\n```", prompt, re.DOTALL)
    assert current is not None
    return f"```\n{current[1]} {hashlib.sha256(prompt.encode()).hexdigest()}\n```"


@pytest.mark.parametrize("test", [0, 5])
@pytest.mark.parametrize("limits", [{"rollouts": 140}, {"reflections": 19}, {"rollouts": 97}])
@pytest.mark.parametrize(("name", "accepted"), [("paper", True), ("paper", False), ("default", False)])
def test_the_extremes_are_what_such_runs_cost(
    tmp_path: Path, name: str, accepted: bool, limits: dict[str, int], test: int
) -> None:
    """A run that accepts everything, and one that accepts nothing, by purpose."""
    arguments: dict[str, Any] = {
        "plugins": [Accepting(accepted), *NEVER_ENDS],
        "preset": preset(name),
        "testset": range(40, 40 + test),
        "budget": Budget(**limits),
        "reflection_lm": ToyModel(write=unlike_any_other),
    }
    found = estimated(Toy(), **arguments)
    expected = found.fewest if accepted else found.most
    assert expected is not None
    cost = search(Toy(), tmp_path, **arguments).cost
    if accepted and "reflections" in limits:
        # The forecast lets every proposal ask as often as it may, and this one asks once.
        assert expected.reflections <= cost.reflections <= limits["reflections"]
        return
    # The toy's steps name their components, so nothing is probed; and the best may be the seed itself.
    for purpose in ("seed", "parent", "child", "validation"):
        assert cost.rollouts.get(purpose, 0) == expected.rollouts[purpose], purpose
    assert cost.rollouts.get("test", 0) <= expected.rollouts["test"]
    assert cost.reflections == expected.reflections


@steady
@given(
    sizes=st.builds(
        Sizes,
        train=st.integers(3, 50),
        val=st.integers(1, 40),
        test=st.integers(0, 30),
        components=st.integers(1, 4),
        minibatch=st.integers(1, 3),
        calls=st.integers(1, 3),
    ),
    rollouts=st.none() | st.integers(1, 2_000),
    dollars=st.none() | st.floats(0.01, 50),
    each=st.none() | st.floats(0.0001, 0.1),
    reuse=st.booleans(),
)
def test_forecasts_stay_within_the_limits(
    sizes: Sizes, rollouts: int | None, dollars: float | None, each: float | None, reuse: bool
) -> None:
    """All that is counted fits, once the least does; more is done where less is accepted."""
    if rollouts is None and dollars is None:
        return
    prices = Each(rollout_dollars=each, reflection_dollars=each)
    budget = Budget(rollouts=rollouts, dollars=dollars)
    fewest, most = (forecast(sizes, budget, prices, reuse=reuse, accepted=one) for one in (True, False))
    if fewest is None or most is None:
        assert rollouts is None
        assert each is None
        return
    assert fewest.proposals <= most.proposals
    if fewest.proposals:
        assert rollouts is None or max(fewest.total_rollouts, most.total_rollouts) <= rollouts
        for one in (fewest, most):
            assert dollars is None or one.dollars is None or one.dollars <= dollars + 1e-9


def test_nothing_is_run_or_written_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the directory where runs are stored."""
    monkeypatch.chdir(tmp_path)
    system, model = Toy(), ToyModel()
    estimated(system, reflection_lm=model)
    assert (system.runs, model.prompts) == (0, [])
    found = estimated(system, reflection_lm=model, tries=3)
    assert (system.runs, model.prompts) == (3, [])
    assert list(tmp_path.iterdir()) == []
    assert found.trial is not None
    assert found.trial.number == 3
    assert found.each.rollout_tokens == pytest.approx(11)
    assert found.each.rollout_dollars == pytest.approx(0.002)


def test_tokens_are_counted_once_something_was_tried() -> None:
    """Before, such a limit alone cannot be counted; then what it allows fits."""
    assert estimated(Toy(), budget=Budget(tokens=50_000)).most is None
    found = estimated(Toy(), budget=Budget(tokens=50_000), tries=4)
    assert found.most is not None
    assert found.most.tokens is not None
    assert 40_000 < found.most.tokens <= 50_000
    assert found.fewest is not None
    assert found.fewest.dollars is None  # the toy's reflection model is in no price list
    assert found.reflection_tokens > found.prompt_tokens >= 10


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"budget": 19}, BudgetTooSmall, "Give budget="),
        ({"budget": Budget(reflections=3)}, BudgetTooSmall, "Give reflections=4"),
        ({"plugins": ["nothing"]}, ConfigurationError, "no plugin is called 'nothing'"),
        ({"preset": "nothing"}, ConfigurationError, "no preset is called"),
        ({"components": "nothing"}, ConfigurationError, "nothing"),
        ({"trainset": []}, ConfigurationError, "trainset is empty"),
        ({"metric": len}, ConfigurationError, "metric"),
        ({"reflection_lm": None}, ConfigurationError, "language model"),
    ],
)
def test_it_refuses_what_the_run_refuses(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    """With the same words."""
    with pytest.raises(error, match=message) as foreseen:
        estimated(Toy(), run_dir=tmp_path / "run", **changes)
    with pytest.raises(error) as refused:
        search(Toy(), tmp_path / "run", **changes)
    assert str(foreseen.value) == str(refused.value)


def test_a_run_that_would_go_on_is_compared_and_counted(tmp_path: Path) -> None:
    """It says what was spent already; another run in its place is refused, or begun beside it."""
    spent = search(Toy(), tmp_path / "run").cost.total_rollouts
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert estimated(Toy(), run_dir=tmp_path / "run").spent == spent
    with pytest.raises(RunMismatch):
        estimated(Toy(), run_dir=tmp_path / "run", seed=1)
    assert estimated(Toy(), run_dir=tmp_path / "run", seed=1, force_new=True).spent == 0
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_what_is_tried_may_fail() -> None:
    """A failure of the app is shown; one of the metric ends it."""

    def fails(_texts: Any, inputs: int) -> None:
        if inputs:
            raise ValueError("no")

    found = estimated(Toy(on_run=fails), tries=2)
    assert found.trial is not None
    assert [failure.message for failure in found.trial.failures] == ["ValueError: no"]

    def bad(example: Any, output: Any) -> float:
        raise KeyError(example, output)

    with pytest.raises(MetricError):
        estimated(Toy(), metric=bad, tries=1)


def test_async_callers_await_the_same_estimate_on_their_own_loop() -> None:
    """The metric is awaited there too, and what is refused is refused there."""
    loops: list[object] = []

    async def awaited() -> Estimate:
        loops.append(asyncio.get_running_loop())
        found = await aestimate(Toy(), **arguments() | {"metric": on_loop}, tries=2)
        with pytest.raises(ConfigurationError, match="trainset is empty"):
            await aestimate(Toy(), **arguments() | {"trainset": []})
        return found

    async def on_loop(example: Any, output: Any) -> Feedback:
        loops.append(asyncio.get_running_loop())
        return metric(example, output)

    found, known = asyncio.run(awaited()), estimated(Toy(), tries=2)
    assert len({id(loop) for loop in loops}) == 1
    assert (found.fewest, found.most, found.sizes) == (known.fewest, known.most, known.sizes)
    assert found.trial is not None
    assert found.trial.number == 2


def test_the_minibatch_of_a_plugin_counts() -> None:
    """The built-in sampling with another size."""
    assert estimated(Toy(), plugins=[EpochMinibatch(size=5)]).sizes.minibatch == 5


def test_prices_come_from_the_list_of_litellm() -> None:
    """Without importing it; what has no price is unknown."""
    found = price_of("openai/gpt-4.1-mini")
    assert found == price_of("gpt-4.1-mini")
    assert found is not None
    assert 0 < found.sent < found.received < 1e-4
    assert price_of("nobody/knows-this") is None
    usage = Usage(input_tokens=1_000, output_tokens=10)
    assert Price(sent=2e-6, received=1e-5).of(usage) == pytest.approx(0.0021)
