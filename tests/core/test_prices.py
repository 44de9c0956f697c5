"""What models cost: by the user's prices, by litellm's list, or not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gepa_core import (
    Budget,
    Component,
    Execution,
    Price,
    Rollout,
    Step,
    Trajectory,
    Usage,
    hookimpl,
    optimize,
)
from gepa_core.errors import ConfigurationError
from gepa_core.prices import price_of, priced, priced_steps
from gepa_core.protocols import Completion

WRONG_PRICES = [
    (3, "prices must be a mapping"),
    ({"m": 0.5}, "'m' has 0.5"),
    ({"m": {"sent": 1e-6}}, "'m' has 'sent'; give 'sent' and 'received'"),
    ({"m": {"sent": 1e-6, "recieved": 1e-6}}, "'m' has 'sent', 'recieved'; give"),
    ({"m": {"sent": 1e-6, "received": "x"}}, "'m': Price: received must be a number of at least 0, not 'x'"),
]
OWN = {"mine": Price(sent=0.001, received=0.002)}
METERED = Usage(calls=1, input_tokens=10, output_tokens=5, unpriced=1)


def step(name: str, usage: Usage) -> Step:
    """A model call."""
    return Step(kind="model", name=name, usage=usage)


def test_own_prices_go_before_the_list() -> None:
    """By the exact name that steps have."""
    listed = price_of("gpt-4.1-mini")
    assert listed is not None
    assert price_of("openai/gpt-4.1-mini") == listed
    own = {"gpt-4.1-mini": Price(sent=0, received=0)}
    assert price_of("gpt-4.1-mini", own) == own["gpt-4.1-mini"]
    assert price_of("mine") is None


@pytest.mark.parametrize(
    "usage",
    [
        Usage(calls=1, input_tokens=10, dollars=0.5),  # the provider's own word counts
        Usage(calls=1, unmetered=1, unpriced=1),
        Usage(calls=2, input_tokens=10, dollars=0.5, unpriced=1),  # which tokens are the other call's?
    ],
)
def test_only_metered_calls_without_a_price_get_one(usage: Usage) -> None:
    """Everything else stays as it was reported."""
    assert priced(usage, "mine", OWN) == usage


def test_steps_are_priced_by_their_models() -> None:
    """Those of unknown models stay unpriced."""
    trajectory = Trajectory(steps=(step("mine", METERED), step("other", METERED)))
    found = priced_steps(trajectory, OWN).usage
    assert found.dollars == pytest.approx(10 * 0.001 + 5 * 0.002)
    assert found.unpriced == 1


class Metered:
    """An app whose calls report tokens and no price."""

    components = (Component(name="prompt", text="seed"),)
    left_alone = ()

    async def run(self, texts: Any, inputs: Any) -> Rollout:  # noqa: ARG002
        """One call."""
        return Rollout(output=texts["prompt"], trajectory=Trajectory(steps=(step("mine", METERED),)))

    def build(self, texts: Any) -> Any:
        """The texts."""
        return texts


class Reflects:
    """A reflection model that reports tokens and no price."""

    name = "mine"

    async def complete(self, messages: Any) -> Completion:
        """A text that nobody has seen."""
        return Completion(text=f"```\nlonger by {len(messages[0].content)}\n```", usage=METERED)


class UntilThree:
    """Ends the run after three proposals."""

    @hookimpl
    def gepa_stop_reason(self, pool: Any) -> str | None:
        """Three are enough."""
        return "enough" if len(pool.proposals) > 3 else None


def run(tmp_path: Path, execution: Execution) -> Any:
    """A run with a limit in dollars."""
    return optimize(
        Metered(),
        trainset=[{"inputs": n} for n in range(6)],
        valset=[{"inputs": n} for n in range(10, 14)],
        metric=lambda _example, output: min(0.9, len(output) / 100),
        reflection_lm=Reflects(),
        budget=Budget(dollars=5.0),
        plugins=[UntilThree()],
        run_dir=tmp_path,
        execution=execution,
    )


def test_a_limit_in_dollars_holds_for_calls_that_report_tokens_alone(tmp_path: Path) -> None:
    """Rollouts and reflections alike; without prices the limit cannot be kept, which ends the run."""
    known = run(tmp_path / "known", Execution(prices=OWN))
    assert known.stop_reason == "enough"
    usage = known.cost.usage
    assert usage.unpriced == 0
    assert usage.dollars == pytest.approx(usage.calls * priced(METERED, "mine", OWN).dollars)
    assert known.cost.reflection_usage.dollars > 0
    unknown = run(tmp_path / "unknown", Execution())
    assert "cannot be kept" in unknown.stop_reason


@pytest.mark.parametrize("bad", [{"mine": 0.001}, ["mine"], None])
def test_prices_that_are_none_are_refused(bad: Any) -> None:
    """With an example of how they are given."""
    with pytest.raises(ConfigurationError, match=r"Price\(sent="):
        Execution(prices=bad)


def test_prices_may_be_tables_as_in_a_file() -> None:
    assert Execution(prices={"mine": {"sent": 0.001, "received": 0.002}}).prices == OWN


@pytest.mark.parametrize(("prices", "said"), WRONG_PRICES)
def test_prices_that_make_no_sense_are_refused(prices: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Execution(prices=prices)
