"""Property 4: a failure is not a score. Property 5: nothing is bought for nothing."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Execution, Feedback
from gepa_core.errors import InfrastructureFault, ModelFault
from gepa_core.events import Retried
from tests.core.seen import Watch, outcomes
from tests.core.toys import QUICK, Toy, ToyModel, metric, preset, search, total

ONCE = attrs.evolve(QUICK, attempts=1)
APP = "a model of the app or the metric"


class Outage:
    """Raises an infrastructure fault: at each rollout for its first ``times`` tries, or while ``down``."""

    def __init__(self, times: int = 0, error: type[Exception] = ConnectionError) -> None:
        self.times, self.error, self.down = times, error, False
        self.tried: Counter[str] = Counter()

    def __call__(self, texts: Mapping[str, str], inputs: Any) -> None:
        key = f"{dict(texts)} {inputs}"
        self.tried[key] += 1
        if self.down or self.tried[key] <= self.times:
            raise self.error("connection reset by peer")


@pytest.mark.parametrize("error", [ConnectionError, TimeoutError, InfrastructureFault])
def test_infrastructure_faults_are_retried_and_leave_no_trace(tmp_path: Path, error: type[Exception]) -> None:
    """The run equals the one without faults; each retry is told, and the outcome counts its attempts."""
    watch = Watch()
    result = search(Toy(on_run=Outage(2, error)), tmp_path / "a", plugins=[watch], budget=50)
    calm = search(Toy(), tmp_path / "b", budget=50)
    assert result.proposals == calm.proposals
    retried = [event for event in watch.events if isinstance(event, Retried)]
    assert len(retried) == 2 * total(result)
    assert {event.what for event in retried} == {"rollout"}
    assert {one.attempts for one in outcomes(tmp_path / "a", "seed", "child", "validation")} == {3}


def test_faults_of_a_judge_do_not_buy_the_rollout_again(tmp_path: Path) -> None:
    """A metric that calls a model meets outages too: it alone is tried again."""
    tried: Counter[Any] = Counter()

    def judge(example: Any, output: Any) -> Feedback:
        tried[example] += 1
        if tried[example] % 3:
            raise ConnectionError("judge is down")
        return metric(example, output)

    system, watch = Toy(), Watch()
    result = search(system, tmp_path, metric=judge, plugins=[watch], budget=40)
    assert system.runs == total(result)
    assert {event.what for event in watch.events if isinstance(event, Retried)} == {"metric"}


@pytest.mark.parametrize("lookahead", [1, 4])
def test_an_outage_that_persists_ends_the_run_and_resuming_heals_it(tmp_path: Path, lookahead: int) -> None:
    """The best so far comes back; nothing of the outage is stored; the rest follows when it is over."""
    outage, arguments = Outage(), {"preset": preset(lookahead=lookahead), "budget": 70}
    for begin in (9, 25, 48):
        directory, system = tmp_path / str(begin), Toy(on_run=outage)
        outage.down = False

        def later(texts: Mapping[str, str], inputs: Any, begin: int = begin, system: Toy = system) -> None:
            outage.down = system.runs > begin
            outage(texts, inputs)

        system.on_run = later
        broken = search(system, directory, execution=ONCE, **arguments)
        assert broken.stop_reason.startswith(f"{APP} cannot be reached: still failing after 1 attempt: ")
        assert not broken.complete
        assert broken.test is None
        outage.down = False
        healed = search(Toy(), directory, **arguments)
        assert healed.proposals == search(Toy(), tmp_path / f"{begin}-calm", **arguments).proposals


def test_an_outage_before_the_seed_is_scored_is_an_error(tmp_path: Path) -> None:
    """There is nothing to give back yet; what was scored is kept."""
    outage = Outage()

    def late(texts: Mapping[str, str], inputs: Any) -> None:
        outage.down = inputs > 22
        outage(texts, inputs)

    with pytest.raises(InfrastructureFault, match="connection reset by peer"):
        search(Toy(on_run=late), tmp_path, execution=ONCE)
    system = Toy()
    search(system, tmp_path, budget=30)
    assert system.runs < total(search(Toy(), tmp_path, budget=30))


def test_an_outage_at_the_test_set_costs_only_the_test(tmp_path: Path) -> None:
    """What was found comes back, the reason says what is missing, and running it again adds it."""
    outage = Outage()

    def on_run(texts: Mapping[str, str], inputs: Any) -> None:
        outage.down = inputs >= 40
        outage(texts, inputs)

    arguments: dict[str, Any] = {"testset": range(40, 44), "budget": 60}
    result = search(Toy(on_run=on_run), tmp_path, execution=ONCE, **arguments)
    assert result.test is None
    assert f"the test set was not run to its end: {APP} cannot be reached" in result.stop_reason
    system = Toy()
    again = search(system, tmp_path, **arguments)
    assert again.test is not None
    assert system.runs == 8


def test_a_reflection_model_that_exits_or_fails_ends_the_run(tmp_path: Path) -> None:
    """It cannot be used at all, and the error says which and why; the next call is none the worse."""

    def exits(_prompt: str) -> str:
        sys.exit(1)

    def fails(_prompt: str) -> str:
        raise KeyError("api")

    def is_cancelled(_prompt: str) -> str:
        raise asyncio.CancelledError

    def panics(_prompt: str) -> str:
        raise BaseExceptionGroup("two", [GeneratorExit(), KeyboardInterrupt()])

    for function, message in (
        (exits, r"failed: RuntimeError: sys.exit\(1\) was called"),
        (fails, "failed: KeyError"),
        (is_cancelled, "failed: RuntimeError: it was cancelled from inside"),
        (panics, "failed: RuntimeError: it raised BaseExceptionGroup: two"),
    ):
        with pytest.raises(ModelFault, match=message):
            search(Toy(), tmp_path / "run", reflection_lm=ToyModel(write=function))
    search(Toy(), tmp_path / "run", budget=40)


def test_a_wait_that_a_provider_asks_for_holds_back_rollouts_that_have_not_begun(tmp_path: Path) -> None:
    """Where it is not known which model asked: the others wait as long as the one that was refused."""
    refused, begun = list[float](), list[float]()

    def on_run(_texts: Mapping[str, str], _inputs: Any) -> None:
        begun.append(time.monotonic())
        if len(begun) == 2:
            refused.append(time.monotonic())
            raise InfrastructureFault("busy", retry_after=0.3)

    execution = Execution(concurrency=1, max_wait=1.0)
    search(Toy(on_run=on_run), tmp_path, execution=execution, budget=30)
    assert len(begun) > 6
    assert begun[2] >= refused[0] + 0.3


@pytest.mark.parametrize("lookahead", [4, 8])
def test_a_rollout_that_two_proposals_need_is_run_once(tmp_path: Path, lookahead: int) -> None:
    """Charged to the lower number; no candidate meets the same example twice in the whole run."""
    met: Counter[str] = Counter()

    def on_run(texts: Mapping[str, str], inputs: Any) -> None:
        met[f"{dict(texts)} {inputs}"] += 1

    result = search(Toy(on_run=on_run, jitter=0.002), tmp_path, preset=preset(lookahead=lookahead))
    assert set(met.values()) == {1}
    assert total(result) == sum(met.values())
    assert any(proposal.reused for proposal in result.proposals)


def test_the_paper_buys_the_parents_minibatch_anew(tmp_path: Path) -> None:
    """As the paper does; everything else is bought once there too."""
    result = search(Toy(), tmp_path, preset="paper")
    mutations = [proposal for proposal in result.proposals if proposal.kind == "mutation"]
    assert {proposal.rollouts["parent"] for proposal in mutations} == {3}
