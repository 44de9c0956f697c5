"""System-aware merge (the paper's Algorithms 3 and 4) against its definition."""

from __future__ import annotations

from random import Random

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gepa_core import Candidate
from gepa_core.defaults.merge import SystemAwareMerge, _balanced, _weights
from gepa_core.pool import Pool
from gepa_core.types import Merge
from tests.core.states import NAMES, mutation, new_state, pool_of, seed_proposal
from tests.core.steady import steady

VALUES = st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0])
SCORES = st.lists(VALUES, min_size=4, max_size=4)
LOW = st.lists(st.sampled_from([-3.0, -1.0, 0.0]), min_size=4, max_size=4)


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """A bad seed and two to seven descendants, whose last proposal was accepted."""
    state = new_state(val=4)
    state.apply(seed_proposal(state, draw(LOW)))
    for _ in range(draw(st.integers(2, 7))):
        parent = draw(st.just(0) | st.integers(0, len(state.members) - 1))
        name, text = draw(st.sampled_from(NAMES)), draw(st.sampled_from("0123"))
        if not Pool(state).is_known(state.members[parent].candidate.with_texts({name: text})):
            state.apply(mutation(state, parent, {name: text}, draw(SCORES)))
    return Pool(state)


def merged(pool: Pool, number: int) -> Merge | None:
    return SystemAwareMerge().gepa_merge_candidates(pool, Random(number))


@settings(steady, suppress_health_check=list(HealthCheck))
@given(pools(), st.integers(0, 3))
def test_what_is_merged_is_what_the_algorithm_allows(pool: Pool, number: int) -> None:
    """Two survivors, no relatives, with a common ancestor that neither is worse than; each component from
    the side that changed it, of two changes that of the better one; never a known candidate."""
    merge = merged(pool, number)
    assume(merge is not None)
    assert merge is not None
    one, other = merge.parents
    assert one < other
    assert {one, other} <= pool.survivors().keys()
    assert not pool.are_related(one, other)
    assert merge.ancestor in pool.common_ancestors(one, other)
    i, j, a = (pool.members[index] for index in (one, other, merge.ancestor))
    assert a.mean <= min(i.mean, j.mean)
    alone = False
    for name in NAMES:
        before, left, right = (member.candidate.texts[name] for member in (a, i, j))
        alone = alone or (left != right and before in (left, right))
        if before == left:
            assert merge.texts[name] == right
        elif before == right or i.mean > j.mean:
            assert merge.texts[name] == left
        elif i.mean < j.mean:
            assert merge.texts[name] == right
        else:
            assert merge.texts[name] in (left, right)
    assert alone
    assert not pool.is_known(Candidate(texts=merge.texts))
    assert len(set(merge.examples)) == len(merge.examples) == 4


def test_merges_are_found_where_there_are_some() -> None:
    """Whatever the sign of the scores: two children that improved different components."""
    for shift in (-5.0, -0.5, 0.0, 10.0):
        pool = pool_of(
            [shift] * 4,
            (0, {"a": "1"}, [shift + 1, shift + 1, shift, shift]),
            (0, {"b": "1"}, [shift, shift, shift + 1, shift + 1]),
        )
        merge = merged(pool, 0)
        assert merge is not None
        assert (merge.parents, merge.ancestor) == ((1, 2), 0)
        assert merge.texts == {"a": "1", "b": "1", "c": "0"}


def test_relatives_are_never_merged() -> None:
    """A parent and its child, or a grandchild, however good."""
    pool = pool_of([0.0, 0.0], (0, {"a": "1"}, [1.0, 0.0]), (1, {"b": "1"}, [0.0, 2.0]))
    assert [merged(pool, number) for number in range(30)] == [None] * 30


def test_a_known_combination_is_never_rebuilt() -> None:
    """Also when it was rejected before."""
    pool = pool_of([0.0, 0.0], (0, {"a": "1"}, [1.0, 0.0]), (0, {"b": "1"}, [0.0, 1.0]))
    assert merged(pool, 0) is not None
    state = new_state(val=2)
    state.apply(seed_proposal(state, [0.0, 0.0]))
    state.apply(mutation(state, 0, {"a": "1"}, [1.0, 0.0]))
    state.apply(mutation(state, 1, {"b": "1"}, None))
    state.apply(mutation(state, 0, {"b": "1"}, [0.0, 1.0]))
    assert [merged(Pool(state), number) for number in range(30)] == [None] * 30


def test_a_merge_is_due_once_after_each_accepted_mutation() -> None:
    """Not after a rejection, not after a merge, and at most five times, those under way included."""
    state = new_state(val=2)
    state.apply(seed_proposal(state, [0.0, 0.0]))
    assert merged(Pool(state), 0) is None
    state.apply(mutation(state, 0, {"a": "1"}, [1.0, 0.0]))
    state.apply(mutation(state, 0, {"b": "1"}, [0.0, 1.0]))
    assert merged(Pool(state), 0) is not None
    assert merged(Pool(state, merges_under_way=4), 0) is not None
    assert merged(Pool(state, merges_under_way=5), 0) is None
    tried = mutation(state, 1, {"c": "9"}, [0.0, 0.0], kind="merge", parents=(1, 2))
    state.apply(tried)
    assert merged(Pool(state), 0) is None
    state.apply(mutation(state, 0, {"c": "1"}, None))
    assert merged(Pool(state), 0) is None
    state.apply(mutation(state, 0, {"c": "2"}, [0.5, 0.5]))
    assert merged(Pool(state), 0) is not None
    for number in range(4):
        state.apply(attrs.evolve(tried, number=len(state.proposals), status="rejected", scores={}))
        state.apply(mutation(state, 0, {"c": f"3{number}"}, [0.0, 0.0]))
    assert Pool(state).merges == 5
    assert merged(Pool(state), 0) is None


def test_an_ancestor_that_is_better_than_its_children_is_passed_over() -> None:
    """Merging down is no improvement."""
    pool = pool_of([0.6, 0.6], (0, {"a": "1"}, [1.0, 0.0]), (0, {"b": "1"}, [0.0, 1.0]))
    assert [merged(pool, number) for number in range(30)] == [None] * 30


@steady
@given(st.lists(VALUES, min_size=1, max_size=12), st.data(), st.integers(1, 8), st.integers(0, 9))
def test_the_test_is_balanced(left: list[float], data: st.DataObject, wanted: int, seed: int) -> None:
    """Algorithm 4: as many of those where the one is better as where the other is and where they tie, as
    far as there are; filled up from the rest; each once."""
    right = data.draw(st.lists(VALUES, min_size=len(left), max_size=len(left)))
    pool = pool_of([0.0] * len(left), (0, {"a": "1"}, left), (0, {"b": "1"}, right))
    ids = [example.id for example in pool.val]
    chosen = _balanced(pool, ids, (1, 2), wanted, Random(seed))
    assert len(set(chosen)) == len(chosen) == min(wanted, len(ids))
    assert set(chosen) <= set(ids)
    if wanted % 3 == 0:
        signs = [(a > b) - (a < b) for a, b in zip(left, right, strict=True)]
        for sign in (-1, 0, 1):
            share = [id_ for id_, one in zip(ids, signs, strict=True) if one == sign]
            assert sum(id_ in share for id_ in chosen) >= min(len(share), wanted // 3)


@pytest.mark.parametrize(
    ("means", "weights"),
    [
        ([0.5, 1.0], [0.5, 1.0]),
        ([0.0, 0.0], [1.0, 1.0]),
        ([-3.0, -1.0], [0.0, 2.0]),
        ([-2.0, -2.0], [1.0, 1.0]),
        ([-1.0, 3.0], [0.0, 4.0]),
        ([0.0, 2.0], [0.0, 2.0]),
    ],
)
def test_ancestors_are_drawn_by_mean_score_whatever_its_sign(
    means: list[float], weights: list[float]
) -> None:
    """Weights are never negative and never all zero."""
    pool = pool_of([means[0]], (0, {"a": "1"}, [means[1]]))
    assert _weights(pool, [0, 1]) == weights
