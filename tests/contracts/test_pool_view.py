"""What a hook sees of a run is the pool as its proposal was planned, whatever is committed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import pytest

from gepa_core import Example, Member, Outcome, Pool, Result, hookimpl
from gepa_core.mutation import MutationRequest
from gepa_core.state import State
from gepa_core.types import Proposal

Play = Callable[..., Result]
LOOKAHEAD = 4


def view(pool: Pool) -> dict[str, Any]:
    """Everything that can be seen in a pool, as plain values."""
    return {
        "committed": pool.committed,
        "members": [(member.index, member.candidate.id, member.mean, member.turn) for member in pool.members],
        "proposals": list(pool.proposals),
        "frontier": {
            key: (pool.frontier.best(key), pool.frontier.holders(key)) for key in pool.frontier.keys
        },
        "frontier mean": round(pool.frontier.mean, 12),
        "survivors": pool.survivors(),
        "best": pool.best.index,
        "spent": pool.spent,
        "merges": pool.merges - pool.merges_under_way,
        "turns": [pool.turn(member) for member in pool.members],
        "train scores": [pool.train_scores(member) for member in pool.members],
        "known": [pool.is_known(member.candidate) for member in pool.members],
        "related": [
            (one.index, other.index, pool.are_related(one.index, other.index))
            for one in pool.members
            for other in pool.members
        ],
    }


@attrs.define(eq=False)
class Watcher:
    """Keeps what each hook of each proposal saw, and how far the run had got by then."""

    planned: dict[int, Pool] = attrs.field(factory=dict, init=False)
    seen: list[tuple[int, str, dict[str, Any]]] = attrs.field(factory=list, init=False)
    overtaken: set[int] = attrs.field(factory=set, init=False)
    newest: int = attrs.field(default=-1, init=False)

    def look(self, number: int, hook: str, pool: Pool) -> None:
        self.seen.append((number, hook, view(pool)))
        if self.newest > pool.committed:
            self.overtaken.add(number)

    @hookimpl
    def gepa_stop_reason(self, pool: Pool) -> None:
        self.newest = max(self.newest, pool.committed)

    @hookimpl
    def gepa_select_parent(self, pool: Pool, number: int) -> None:
        # A plan that had to wait for the budget is made again, and the last one counts.
        self.seen = [entry for entry in self.seen if entry[0] != number]
        self.planned[number] = pool
        self.look(number, "parent", pool)

    @hookimpl
    def gepa_sample_examples(self, pool: Pool, parent: Member, number: int) -> None:
        assert pool.members[parent.index] is parent
        self.look(number, "examples", pool)

    @hookimpl
    def gepa_select_components(self, pool: Pool, outcomes: Sequence[Outcome], number: int) -> None:
        assert outcomes
        self.look(number, "components", pool)

    @hookimpl
    def gepa_accept_candidate(self, pool: Pool) -> None:
        (number,) = [number for number, planned in self.planned.items() if planned is pool] or [0]
        if number:
            self.look(number, "accept", pool)

    @hookimpl
    def gepa_next_validation(self, pool: Pool, scores: Mapping[str, float], number: int) -> None:
        if number in self.planned:
            assert set(scores) <= {example.id for example in pool.val}
            self.look(number, "validation", pool)


@pytest.mark.parametrize("rebase", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hooks_see_the_pool_as_planned(  # noqa: PLR0917 - fixtures are passed by name
    play: Play, preset_of: Any, shuffled: Any, rules: type[Any], seed: int, rebase: bool
) -> None:
    watcher = Watcher()
    target = rules(shuffled(seed))
    preset = preset_of(lookahead=LOOKAHEAD, rebase=rebase)
    result = play(watcher, target=target, preset=preset, budget=300, concurrency=32)
    # where changes are rebased, few candidates are left to be merged
    assert any(one.onto is not None if rebase else one.kind == "merge" for one in result.proposals)
    assert watcher.overtaken, "commits happened while proposals were on their way"
    assert {hook for _, hook, _ in watcher.seen} == {
        "parent",
        "examples",
        "components",
        "accept",
        "validation",
    }
    wrong = [
        (number, hook, fact)
        for number, hook, seen in watcher.seen
        if number < len(result.proposals)
        for fact, right in view_after(result, result.proposals[number].seen, watcher.planned[number]).items()
        if seen[fact] != right
    ]
    assert wrong == []


def view_after(result: Result, commit: int, like: Pool) -> dict[str, Any]:
    """The view of a pool that was built from nothing by the commits up to ``commit``."""
    state = State(components=like.components, train=like.train, val=like.val, seed=like.seed)
    for proposal in result.proposals[: commit + 1]:
        state.apply(proposal)
    return view(Pool(state))


def test_a_proposal_sees_no_more_than_the_lookahead_allows(
    play: Play, preset_of: Any, rules: type[Any]
) -> None:
    result = play(target=rules(), preset=preset_of(lookahead=LOOKAHEAD), budget=300)
    later = [proposal for proposal in result.proposals if proposal.number > LOOKAHEAD]
    in_time = [proposal for proposal in later if proposal.seen == proposal.number - LOOKAHEAD]
    waited = [proposal for proposal in later if proposal not in in_time]
    assert in_time
    assert all(proposal.number - LOOKAHEAD < proposal.seen < proposal.number for proposal in waited)
    assert [proposal.seen for proposal in result.proposals[1 : LOOKAHEAD + 1]] == [0] * LOOKAHEAD


@pytest.mark.parametrize("concurrency", [1, 4, 32])
def test_plugins_that_draw_from_rng_make_the_same_run_at_any_timing(
    play: Play, preset_of: Any, shuffled: Any, rules: type[Any], concurrency: int
) -> None:
    class Random:
        @hookimpl
        def gepa_select_parent(self, pool: Pool, rng: Any) -> Member:
            chosen: Member = rng.choice(pool.members)
            return chosen

        @hookimpl
        def gepa_sample_examples(self, pool: Pool, rng: Any) -> list[Example]:
            return rng.sample(pool.train, 2)  # type: ignore[no-any-return]

        @hookimpl
        async def gepa_propose_texts(self, request: MutationRequest) -> None:
            await asyncio.sleep(request.rng.random() * 0.004)

    def run(delays: Any, concurrency: int) -> tuple[Proposal, ...]:
        preset = preset_of(lookahead=LOOKAHEAD)
        return play(Random(), target=rules(delays), preset=preset, concurrency=concurrency).proposals

    assert run(shuffled(concurrency), concurrency) == run(None, 1)
