"""The pool as plugins see it: a fold over commits, shown as it was after any of them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Candidate
from gepa_core.pool import Pool, Prefix
from gepa_core.state import State
from gepa_core.types import Proposal
from tests.core.states import NAMES, SEED, mutation, new_state, pool_of, seed_proposal
from tests.core.steady import steady

SCORES = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), min_size=3, max_size=3)


@st.composite
def histories(draw: st.DrawFn) -> State:
    """A run of mutations, merges and dropped proposals over 3 validation examples."""
    state = new_state(val=3)
    state.apply(seed_proposal(state, draw(SCORES)))
    for number in range(1, draw(st.integers(1, 9))):
        parent = draw(st.integers(0, len(state.members) - 1))
        kind = draw(st.sampled_from(["mutation", "merge", "dropped", "skipped"]))
        if kind == "dropped":
            proposal = mutation(state, parent, {"a": "x"}, None, status="dropped", texts=None, rollouts={})
        elif kind == "skipped":
            proposal = mutation(state, parent, {}, None, status="skipped", texts=None)
        else:
            before = tuple(draw(SCORES))
            proposal = mutation(
                state,
                parent,
                {draw(st.sampled_from(NAMES)): f"{number}"},
                draw(st.none() | SCORES),
                examples=tuple(example.id for example in state.train[:3]),
                before=before,
                after=tuple(reversed(before)),
                reflections=draw(st.integers(0, 2)),
            )
            other = draw(st.integers(0, len(state.members) - 1))
            if kind == "merge" and other != parent:
                proposal = mutation(
                    state,
                    parent,
                    {"a": f"m{number}"},
                    draw(SCORES),
                    kind="merge",
                    parents=(parent, other),
                    components=(),
                )
        state.apply(proposal)
    return state


def seen(pool: Pool) -> dict[str, Any]:
    """Everything that a plugin can see of a pool, as plain values."""
    members = list(pool.members)
    return {
        "members": [(m.index, m.candidate, m.parents, m.scores, m.mean, m.proposal) for m in members],
        "proposals": list(pool.proposals),
        "frontier": {
            key: (pool.frontier.best(key), pool.frontier.holders(key)) for key in pool.frontier.keys
        },
        "survivors": pool.survivors(),
        "best": pool.best.index,
        "spent": pool.spent,
        "merges": pool.merges,
        "turns": [pool.turn(member) for member in members],
        "train": [pool.train_scores(member) for member in members],
        "perfect": pool.perfect_score,
        "known": [pool.is_known(candidate) for candidate in _CANDIDATES],
        "related": [[pool.are_related(m.index, n.index) for m in members] for n in members],
        "ancestors": [[pool.common_ancestors(m.index, n.index) for m in members] for n in members],
    }


_CANDIDATES = [Candidate(texts={**SEED, name: str(n)}) for name in NAMES for n in range(10)]


@steady
@given(histories(), st.randoms(use_true_random=False))
def test_a_past_view_equals_a_state_folded_up_to_there(state: State, rng: Random) -> None:
    """After each commit, what a plugin sees is what it would have seen had the run ended there; whoever looks
    back first, and how far."""
    commits = list(range(len(state.proposals)))
    rng.shuffle(commits)
    for commit in commits:
        until = new_state(val=3)
        for proposal in state.proposals[: commit + 1]:
            until.apply(proposal)
        assert seen(Pool(state, commit)) == seen(Pool(until))


@steady
@given(histories())
def test_views_agree_with_their_definitions(state: State) -> None:
    """The best is the earliest with the highest mean; relatives share a line of parents; turns count the
    component choices along the lineage."""
    pool = Pool(state)
    means = [member.mean for member in pool.members]
    assert pool.best.index == means.index(max(means))
    lines: list[set[int]] = []
    for member in pool.members:
        lines.append(set(member.parents).union(*(lines[parent] for parent in member.parents)))
    for one, line in enumerate(lines):
        for other, other_line in enumerate(lines):
            assert pool.are_related(one, other) == (one == other or one in other_line or other in line)
            common = sorted(line & other_line)
            assert pool.common_ancestors(one, other) == common
            for text in (("a", "0"), ("b", "3")):
                having = [("a", "1"), ("c", "no such text"), text]
                found = [a for a in common if set(having) & pool.members[a].candidate.texts.items()]
                assert pool.common_ancestors(one, other, having=having) == found
    assert pool.spent == sum(sum(proposal.rollouts.values()) for proposal in pool.proposals)
    assert pool.merges == sum(proposal.kind == "merge" for proposal in pool.proposals)


def test_turns_go_on_from_parent_to_child() -> None:
    """A child starts where its parent stood when it was born; rejected proposals count, skipped do not."""
    state = new_state(val=1)
    state.apply(seed_proposal(state, [0.0]))
    state.apply(mutation(state, 0, {"a": "1"}, None))
    state.apply(mutation(state, 0, {"b": "1"}, [1.0]))
    state.apply(mutation(state, 0, {}, None, status="skipped", texts=None))
    state.apply(mutation(state, 0, {"c": "1"}, None))
    state.apply(mutation(state, 1, {"c": "1"}, None))
    pool = Pool(state)
    assert [pool.turn(member) for member in pool.members] == [3, 3]
    assert [Pool(state, 2).turn(member) for member in pool.members] == [2, 2]


def test_the_perfect_score_is_given_up_when_something_beats_it() -> None:
    """A metric from 0 to 100 shows itself by its first score above 1, and earlier views stay as they were."""
    state = new_state(val=2)
    state.apply(seed_proposal(state, [0.0, 0.0]))
    state.apply(mutation(state, 0, {"a": "1"}, None, before=(0.0,), after=(1.0,)))
    assert Pool(state).perfect_score == 1.0
    state.apply(mutation(state, 0, {"a": "2"}, [7.0, 1.0]))
    assert Pool(state).perfect_score is None
    assert Pool(state, 1).perfect_score == 1.0


def test_a_candidate_that_ran_on_fewer_examples_is_not_the_best() -> None:
    """A plugin may stop validating early; a mean over less says less."""
    state = new_state(val=3)
    state.apply(seed_proposal(state, [0.5, 0.5, 0.5]))
    partial = {state.val[0].id: 1.0}
    state.apply(attrs.evolve(mutation(state, 0, {"a": "1"}, [0, 0, 0]), scores=partial))
    assert Pool(state).best.index == 0


def test_objectives_can_be_the_frontier() -> None:
    """Over objectives a candidate holds a key by its mean over the examples."""
    for kind, keys in (
        ("objectives", ("objective:cost", "objective:taste")),
        ("both", ("v", "objective:cost", "objective:taste")),
    ):
        state = new_state(val=1, frontier_of=kind)
        example = state.val[0].id
        state.apply(seed_proposal(state, [0.0]))
        objectives = {example: {"taste": 1.0, "cost": -3.0}}
        state.apply(mutation(state, 0, {"a": "1"}, [0.5], objectives=objectives))
        frontier = Pool(state).frontier
        assert frontier.keys == tuple(example if key == "v" else key for key in keys)
        assert frontier.holders("objective:cost") == (1,)


def test_nothing_can_be_seen_before_the_seed() -> None:
    """Also later, through a view that was made then."""
    state = new_state()
    pool = Pool(state)
    state.apply(seed_proposal(state, [1.0] * 4))
    assert (list(pool.members), list(pool.proposals), pool.spent, pool.merges) == ([], [], 0, 0)
    assert not pool.is_known(Candidate(texts=SEED))
    with pytest.raises(IndexError):
        _ = pool.best


def test_commits_come_in_order() -> None:
    """A fold in another order would be another state."""
    state = new_state()
    with pytest.raises(ValueError, match="expected proposal 0, got 3"):
        state.apply(Proposal(number=3, kind="mutation", status="dropped"))


@steady
@given(st.lists(st.integers(), max_size=8), st.integers(0, 8), st.data())
def test_a_prefix_is_a_list_that_stays_short(items: list[int], length: int, data: st.DataObject) -> None:
    """Index, slice, length and order are those of the list's beginning, while the list grows."""
    length = min(length, len(items))
    prefix: Sequence[int] = Prefix(items, length)
    expected = items[:length]
    items.append(7)
    assert list(prefix) == expected
    assert len(prefix) == length
    assert list(reversed(prefix)) == expected[::-1]
    begin, end = data.draw(st.integers(-9, 9)), data.draw(st.integers(-9, 9))
    assert prefix[begin:end] == expected[begin:end]
    if -length <= begin < length:
        assert prefix[begin] == expected[begin]
    else:
        with pytest.raises(IndexError):
            _ = prefix[begin]


def test_members_that_merge_hold_both_lines() -> None:
    """A merge is a relative of both parents and of their ancestors."""
    pool = pool_of([0.0, 0.0], (0, {"a": "1"}, [1.0, 0.0]), (0, {"b": "1"}, [0.0, 1.0]))
    assert not pool.are_related(1, 2)
    assert pool.common_ancestors(1, 2) == [0]
    assert pool.survivors() == {1: 1, 2: 1}
