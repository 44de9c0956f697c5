"""Property 4: a failure is not a score. Property 5: nothing is bought for nothing."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Candidate, Execution, Feedback, Rollout, hookimpl
from gepa_core.errors import InfrastructureFault, MetricError, ModelFault, SystemFailed
from gepa_core.events import Event, Retried, RolloutFinished
from gepa_core.store import Store
from gepa_core.types import Outcome, Proposal, Purpose
from tests.core.toys import QUICK, SyncToy, Toy, ToyModel, metric, preset, search, total

ONCE = attrs.evolve(QUICK, attempts=1)
APP = "a model of the app or the metric"


@attrs.define(eq=False, kw_only=True)
class Watch:
    """Keeps events."""

    events: list[Event] = attrs.field(factory=list, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Keep one."""
        self.events.append(event)


def outcomes(directory: Path, *purposes: Purpose) -> list[Outcome]:
    store = Store.read(directory)
    found = [one for purpose in purposes for one in store.outcomes(purpose)]
    store.close()
    return found


@pytest.mark.parametrize("toy", [Toy, SyncToy])
def test_a_candidates_fault_is_feedback_and_never_retried(tmp_path: Path, toy: type[Toy]) -> None:
    """It gets the failure score, the error reaches the reflection model, and it is bought once."""
    tried: Counter[str] = Counter()

    def on_run(texts: Mapping[str, str], inputs: Any) -> None:
        tried[f"{dict(texts)} {inputs}"] += 1
        if inputs % 3 == 0:
            raise ValueError(f"cannot digest {inputs}")

    watch, model = Watch(), ToyModel()
    result = search(toy(on_run=on_run), tmp_path, plugins=[watch], reflection_lm=model, budget=60)
    assert set(tried.values()) == {1}
    assert not [event for event in watch.events if isinstance(event, Retried)]
    failed = [event for event in watch.events if isinstance(event, RolloutFinished) and event.failed]
    assert {event.score for event in failed} == {0.0}
    (seed,) = (one for one in outcomes(tmp_path, "seed") if one.failure and "21" in one.failure.message)
    assert seed.failure is not None
    assert seed.failure.type == "ValueError"
    assert seed.feedback == Feedback(0.0, "The app failed with ValueError: cannot digest 21")
    assert any("ValueError: cannot digest" in prompt for prompt in model.prompts)
    assert result.val.seed_mean == 0.0


def test_the_failure_score_is_a_setting(tmp_path: Path) -> None:
    """For a metric whose scores go below 0."""

    def on_run(_texts: Mapping[str, str], inputs: Any) -> None:
        if inputs == 20:
            raise ValueError("no")

    result = search(Toy(on_run=on_run), tmp_path, preset=preset(failure_score=-7.0), budget=40)
    assert sorted(result.val.seed.values())[0] == -7.0


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


def test_a_seed_that_fails_everywhere_stops_at_once_and_can_be_mended(tmp_path: Path) -> None:
    """The error is shown, no model is asked, and the same directory takes the mended app."""

    def broken(_texts: Mapping[str, str], _inputs: Any) -> None:
        raise KeyError("no such tool: 'serch'")

    system, model = Toy(on_run=broken), ToyModel()
    with pytest.raises(SystemFailed, match=r"failed on all 6 validation examples.*no such tool"):
        search(system, tmp_path, reflection_lm=model)
    assert (system.runs, model.prompts) == (6, [])
    mended = (attrs.evolve(system.components[0], text="Mended rules:"), system.components[1])
    system = Toy(components=mended)
    result = search(system, tmp_path)
    assert system.runs == total(result)
    assert result.seed.texts["first"] == "Mended rules:"


def test_an_app_that_exits_is_a_candidates_fault(tmp_path: Path) -> None:
    """A tool that calls sys.exit, or an app that cancels itself, ends neither the run nor the process."""

    class Exiting(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
            if inputs == 21:
                sys.exit(3)
            if inputs == 22:
                raise asyncio.CancelledError
            return await super().run(texts, inputs)

    class ExitingSync(SyncToy):
        def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:  # type: ignore[override]
            if inputs in (21, 22):
                sys.exit(3)
            return super().run(texts, inputs)

    for name, system in (("async", Exiting()), ("sync", ExitingSync())):
        search(system, tmp_path / name, budget=40)
        messages = {one.failure.message for one in outcomes(tmp_path / name, "seed") if one.failure}
        assert "RuntimeError: sys.exit(3) was called" in messages


def test_a_reflection_model_that_exits_or_fails_ends_the_run(tmp_path: Path) -> None:
    """It cannot be used at all, and the error says which and why; the next call is none the worse."""

    def exits(_prompt: str) -> str:
        sys.exit(1)

    def fails(_prompt: str) -> str:
        raise KeyError("api")

    for function, message in ((exits, "called sys.exit"), (fails, "failed: KeyError")):
        with pytest.raises(ModelFault, match=message):
            search(Toy(), tmp_path / "run", reflection_lm=ToyModel(write=function))
    search(Toy(), tmp_path / "run", budget=40)


@pytest.mark.parametrize("toy", [Toy, SyncToy])
def test_an_app_that_hangs_twice_fails_on_that_example(tmp_path: Path, toy: type[Toy]) -> None:
    """Tried once more, then the candidate's failure; threads that hang take nobody's place."""
    release = threading.Event()
    hung: Counter[Any] = Counter()

    class Hanging(toy):  # type: ignore[valid-type, misc]
        def run(self, texts: Mapping[str, str], inputs: Any) -> Any:
            if inputs in (21, 22, 23):
                hung[inputs] += 1
                if toy is Toy:
                    return asyncio.sleep(60)
                release.wait(60)
            return super().run(texts, inputs)

    execution = Execution(concurrency=2, timeout=0.1, attempts=3, max_wait=0.0)
    began = time.monotonic()
    result = search(Hanging(), tmp_path, execution=execution, budget=26)
    release.set()
    assert time.monotonic() - began < 50
    assert hung[21] >= 2
    assert hung[21] % 2 == 0  # twice for each candidate
    failed = [one for one in outcomes(tmp_path, "seed") if one.failure]
    assert [one.failure.message for one in failed if one.failure] == [
        "TimeoutError: the app took longer than 0.1 seconds"
    ] * 3
    assert {one.attempts for one in failed} == {2}
    assert len(result.proposals) > 1


@pytest.mark.parametrize("bad", [None, float("nan"), "0.5", [1.0], 10**400])
def test_a_metric_without_a_score_names_the_example(tmp_path: Path, bad: Any) -> None:
    """And stops before the whole data set is paid for."""
    system = Toy()
    with pytest.raises(MetricError, match=r"the metric returned .* for val example '[0-9a-f]{16}'"):
        search(system, tmp_path, metric=lambda *_: bad, valset=range(20, 60), budget=400)
    assert system.runs <= QUICK.concurrency


def test_bool_and_int_scores_count(tmp_path: Path) -> None:
    """True is 1 and False is 0."""
    result = search(Toy(), tmp_path, metric=lambda example, _: example % 2 == 0, budget=30)
    assert sorted(result.val.seed.values()) == [0.0] * 3 + [1.0] * 3


def by_status(proposals: tuple[Proposal, ...]) -> dict[str, list[Proposal]]:
    """Proposals by the first word of their reason."""
    found: dict[str, list[Proposal]] = {}
    for proposal in proposals[1:]:
        found.setdefault(proposal.reason.partition(":")[0], []).append(proposal)
    return found


def test_what_cannot_be_used_costs_no_child_rollout(tmp_path: Path) -> None:
    """A dropped placeholder, a refusal, an unchanged text: asked again once, then dropped."""

    def spoil(prompt: str) -> str:
        if "The component is `second`" in prompt:
            return "```\nRules without their topic\n```"
        return "I cannot help with that request."

    model = ToyModel(write=spoil)
    result = search(Toy(), tmp_path, reflection_lm=model)
    found = by_status(result.proposals)
    assert set(found) == {"placeholder", "refusal"}
    for proposal in result.proposals[1:]:
        assert proposal.status == "dropped"
        assert set(proposal.rollouts) <= {"parent"}
        assert proposal.reflections == 2
    assert len(model.prompts) == result.cost.reflections
    assert result.stop_reason.startswith("the last 10 reflections gave no usable text: ")
    assert len(result.proposals) == 11


def test_duplicates_cost_nothing(tmp_path: Path) -> None:
    """A text that was proposed before is dropped without a rollout, whatever became of it then."""

    def stubborn(prompt: str) -> str:
        second = "The component is `second`" in prompt
        return f"```\n{'Rules for {topic}: s9' if second else 'Follow these rules: r9'}\n```"

    result = search(Toy(), tmp_path, reflection_lm=ToyModel(write=stubborn), budget=400)
    found = by_status(result.proposals)
    assert len(found["worse"]) == 2
    assert len(found["duplicate"]) == 10
    assert all(set(proposal.rollouts) <= {"parent"} for proposal in found["duplicate"])


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


def test_of_two_equal_proposals_on_their_way_one_comes_into_the_pool(tmp_path: Path) -> None:
    """Neither can see the other when it is planned; the later one is dropped at its commit."""
    proposals = search(Toy(), tmp_path, preset=preset(lookahead=8), budget=200).proposals
    accepted = [Candidate(texts=one.texts or {}).id for one in proposals if one.status == "accepted"]
    assert len(set(accepted)) == len(accepted)
    assert any("came into the pool meanwhile" in proposal.reason for proposal in proposals)


def test_the_paper_buys_the_parents_minibatch_anew(tmp_path: Path) -> None:
    """As the paper does; everything else is bought once there too."""
    result = search(Toy(), tmp_path, preset="paper")
    mutations = [proposal for proposal in result.proposals if proposal.kind == "mutation"]
    assert {proposal.rollouts["parent"] for proposal in mutations} == {3}
