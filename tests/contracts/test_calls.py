"""When each hook is called, with what, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from random import Random
from typing import Any

import attrs
import pytest

from gepa_core import Example, Member, Merge, Outcome, Pool, Result, hookimpl
from gepa_core.events import Event, ProposalCommitted, ProposalStarted, RolloutFinished, RunEnded, RunStarted
from gepa_core.mutation import MutationRequest
from gepa_core.types import Candidate, Feedback, Proposal, Rollout

Play = Callable[..., Result]


@attrs.define(eq=False)
class Spy:
    """Writes down every call of every hook, and leaves all answers to the built-in plugins."""

    calls: list[tuple[str, Any]] = attrs.field(factory=list, init=False)
    events: list[Event] = attrs.field(factory=list, init=False)

    def of(self, hook: str) -> list[Any]:
        return [detail for name, detail in self.calls if name == hook]

    @hookimpl
    def gepa_configure(self, pool: Pool, run_dir: str) -> None:
        self.calls.append(("configure", (len(pool.members), len(pool.train), run_dir)))

    @hookimpl
    def gepa_unconfigure(self, pool: Pool, reason: str) -> None:
        self.calls.append(("unconfigure", (pool.committed, reason)))

    @hookimpl
    def gepa_merge_candidates(self, pool: Pool, number: int, rng: Random) -> Merge | None:
        self.calls.append(("merge", (number, rng.random() == pool.rng("merge", number).random())))
        return None

    @hookimpl
    def gepa_select_parent(self, pool: Pool, number: int, rng: Random) -> Member | None:
        self.calls.append(("parent", (number, rng.random() == pool.rng("parent", number).random())))
        return None

    @hookimpl
    def gepa_sample_examples(
        self, pool: Pool, parent: Member, number: int, rng: Random
    ) -> list[Example] | None:
        assert rng.random() == pool.rng("examples", number).random()
        self.calls.append(("examples", (number, parent.index)))
        return None

    @hookimpl
    def gepa_select_components(
        self, pool: Pool, parent: Member, outcomes: Sequence[Outcome], number: int, rng: Random
    ) -> list[str] | None:
        assert rng.random() == pool.rng("components", number).random()
        scores = tuple(outcome.score for outcome in outcomes)
        examples = tuple(outcome.example for outcome in outcomes)
        self.calls.append(("components", (number, parent.index, examples, scores)))
        return None

    @hookimpl(wrapper=True)
    def gepa_capture_trajectory(
        self, candidate: Candidate, example: Example
    ) -> Generator[None, Awaitable[Rollout], Awaitable[Rollout]]:
        self.calls.append(("capture", (candidate.id, example.split, example.id)))
        return (yield)

    @hookimpl(wrapper=True)
    def gepa_give_feedback(
        self, example: Example
    ) -> Generator[None, Awaitable[Feedback], Awaitable[Feedback]]:
        self.calls.append(("feedback", (example.split, example.id)))
        return (yield)

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> None:
        names = tuple(component.name for component in request.components)
        texts = {component.name: component.text for component in request.all_components}
        self.calls.append(("propose", (request.number, names, request.parent.texts == texts)))

    @hookimpl
    def gepa_accept_candidate(
        self, kind: str, before: Sequence[float], after: Sequence[float]
    ) -> bool | None:
        self.calls.append(("accept", (kind, tuple(before), tuple(after))))
        return None

    @hookimpl
    def gepa_next_validation(self, scores: Mapping[str, float], number: int) -> list[Example] | None:
        self.calls.append(("validation", (number, len(scores))))
        return None

    @hookimpl
    def gepa_stop_reason(self, pool: Pool) -> str | None:
        self.calls.append(("stop", pool.committed))
        return None

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        self.events.append(event)


def is_merge(proposal: Proposal) -> bool:
    return proposal.kind == "merge"


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture
def result(play: Play, spy: Spy) -> Result:
    """A run with mutations and merges, of which some are rejected."""
    return play(spy, budget=230, seed=1)


def test_the_run_shows_what_it_should(result: Result) -> None:
    kinds = {(proposal.kind, proposal.status) for proposal in result.proposals}
    assert {("mutation", "accepted"), ("mutation", "rejected"), ("merge", "accepted")} <= kinds


def test_set_up_happens_once_at_either_end(result: Result, spy: Spy) -> None:
    assert spy.of("configure") == [(0, 14, str(result.run_dir))]
    assert spy.of("unconfigure") == [(result.proposals[-1].number, result.stop_reason)]
    assert spy.calls[0][0] == "configure"
    assert spy.calls[-1][0] == "unconfigure"


def test_planning_hooks_are_called_once_for_each_proposal(result: Result, spy: Spy) -> None:
    later = [proposal.number for proposal in result.proposals[1:]]
    refused = result.proposals[-1].number + 1  # planned, and then the budget did not hold it
    mutations = [proposal.number for proposal in result.proposals[1:] if not is_merge(proposal)]
    assert spy.of("merge") == [(number, True) for number in [*later, refused]]
    assert spy.of("parent") == [(number, True) for number in [*mutations, refused]]
    assert [number for number, _ in spy.of("examples")] == [*mutations, refused]
    assert spy.of("stop") == [number - 1 for number in [*later, refused]]


def test_components_are_chosen_once_the_parent_has_run(result: Result, spy: Spy) -> None:
    assert spy.of("components") == [
        (proposal.number, *proposal.parents, proposal.examples, proposal.before)
        for proposal in result.proposals[1:]
        if proposal.components
    ]


def test_texts_are_asked_for_when_components_were_chosen(result: Result, spy: Spy) -> None:
    assert spy.of("propose") == [
        (proposal.number, proposal.components, True)
        for proposal in result.proposals[1:]
        if proposal.components
    ]


def test_rollouts_are_captured_and_scored_once_when_they_are_not_known(result: Result, spy: Spy) -> None:
    captured = Counter(spy.of("capture"))
    assert set(captured.values()) == {1}
    assert len(captured) == result.cost.total_rollouts
    assert result.cost.reused > 0
    assert Counter(spy.of("feedback")) == Counter((split, id_) for _, split, id_ in captured.elements())


def test_every_tested_candidate_is_decided_on_once(result: Result, spy: Spy) -> None:
    assert spy.of("accept") == [
        (proposal.kind, proposal.before, proposal.after) for proposal in result.proposals if proposal.after
    ]


def test_validation_goes_on_until_nothing_more_is_asked_for(result: Result, spy: Spy) -> None:
    accepted = [proposal.number for proposal in result.proposals if proposal.status == "accepted"]
    assert spy.of("validation") == [(number, ran) for number in accepted for ran in (0, 10)]


def test_events_tell_the_whole_run(result: Result, spy: Spy) -> None:
    kinds = Counter(type(event) for event in spy.events)
    committed = [event.proposal for event in spy.events if isinstance(event, ProposalCommitted)]
    rollouts = [event for event in spy.events if isinstance(event, RolloutFinished)]
    assert isinstance(spy.events[0], RunStarted)
    assert isinstance(spy.events[-1], RunEnded)
    assert tuple(committed) == result.proposals
    assert kinds[ProposalStarted] == len(result.proposals)
    assert sum(not event.reused for event in rollouts) == result.cost.total_rollouts


def test_nothing_is_asked_again_when_a_finished_run_is_read_back(result: Result, play: Play) -> None:
    second = Spy()
    again = play(second, budget=230, seed=1, run_dir=result.run_dir)
    asked = Counter(name for name, _ in second.calls)
    assert again.proposals == result.proposals
    assert asked["capture"] == asked["propose"] == asked["accept"] == asked["validation"] == 0
    assert [number for number, _ in second.of("parent")] == [result.proposals[-1].number + 1]


def test_a_plan_that_waits_for_the_budget_is_asked_for_again(play: Play, spy: Spy, preset_of: Any) -> None:
    result = play(spy, budget=46, preset=preset_of(lookahead=4))
    numbers = Counter(number for number, _ in spy.of("merge"))
    waited = [number for number, times in numbers.items() if times > 1]
    assert waited, "two proposals do not fit into 26 rollouts at once"
    assert {proposal.number for proposal in result.proposals[1:]} <= set(numbers)
