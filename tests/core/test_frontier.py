"""The Pareto frontier against its definition (the paper's Algorithm 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.frontier import Frontier
from tests.core.steady import steady

Scores: TypeAlias = Mapping[str, float]

KEYS = [f"e{number}" for number in range(6)]
SCORE = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0]) | st.floats(-10, 10)
POOLS = st.lists(st.dictionaries(st.sampled_from(KEYS), SCORE, min_size=1), min_size=1, max_size=9)
"""Scores of the candidates Φ₀, Φ₁, … by validation example; not everyone ran every example."""
TIED = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from([0.0, 1.0, 2.0]), min_size=1),
    min_size=1,
    max_size=12,
)
"""The same with few different scores, so that most keys have many holders."""


def frontier_of(pool: Sequence[Scores], means: Sequence[float] | None = None) -> Frontier:
    frontier = Frontier()
    for index, (scores, mean) in enumerate(zip(pool, means or means_of(pool), strict=False)):
        frontier.add(index, scores, mean)
    return frontier


def best_by_definition(pool: Sequence[Scores]) -> dict[str, tuple[float, tuple[int, ...]]]:
    """s*[i] = max over k of S_{Φk}[i], and P*[i] = {Φk : S_{Φk}[i] = s*[i]}."""
    keys = dict.fromkeys(key for scores in pool for key in scores)
    best = {key: max(scores[key] for scores in pool if key in scores) for key in keys}
    return {
        key: (best[key], tuple(k for k, scores in enumerate(pool) if scores.get(key) == best[key]))
        for key in keys
    }


def survivors_by_definition(pool: Sequence[Scores], means: Sequence[float]) -> dict[int, int]:
    """Algorithm 2: with D empty, while some Φ of C less D is dominated, add it to D; f[Φ] = keys held.

    Φ is dominated when each key that it holds is held by another one of C less D. The worst mean goes first.
    """
    held = {key: set(holders) for key, (_, holders) in best_by_definition(pool).items()}
    candidates = sorted(set().union(*held.values()), key=lambda k: (means[k], k))
    dominated: set[int] = set()

    def is_dominated(k: int) -> bool:
        return all(holders - dominated - {k} for holders in held.values() if k in holders)

    removed = True
    while removed:
        removed = False
        for k in candidates:
            if k not in dominated and is_dominated(k):
                dominated.add(k)
                removed = True
                break
    return {
        k: sum(k in holders for holders in held.values()) for k in sorted(candidates) if k not in dominated
    }


def means_of(pool: Sequence[Scores]) -> list[float]:
    return [sum(scores.values()) / len(scores) for scores in pool]


@steady
@given(POOLS)
def test_best_scores_and_holders_are_those_of_the_definition(pool: list[Scores]) -> None:
    """The best score per key with every candidate that ties for it, negative scores and zeros included."""
    frontier = frontier_of(pool)
    expected = best_by_definition(pool)
    assert {key: (frontier.best(key), frontier.holders(key)) for key in frontier.keys} == expected
    assert frontier.mean == pytest.approx(sum(best for best, _ in expected.values()) / len(expected))


@steady
@given(POOLS)
def test_survivors_and_frequencies_are_those_of_algorithm_2(pool: list[Scores]) -> None:
    """Dominated candidates are removed, worst mean first; f[Φ] counts the keys that a survivor holds."""
    means = means_of(pool)
    survivors = frontier_of(pool).survivors()
    assert survivors == survivors_by_definition(pool, means)
    assert list(survivors) == sorted(survivors)


@steady
@given(POOLS, st.lists(SCORE, min_size=9, max_size=9))
def test_any_means_decide_the_order_of_removal(pool: list[Scores], means: list[float]) -> None:
    """Also where the means are no means of these scores, as for a frontier over objectives."""
    assert frontier_of(pool, means).survivors() == survivors_by_definition(pool, means)


@steady
@given(POOLS | TIED, st.data())
def test_a_copy_and_what_it_was_made_of_go_their_own_ways(pool: list[Scores], data: st.DataObject) -> None:
    """Those who come into one of the two come into it alone, whoever is asked first."""
    common, means = data.draw(st.integers(0, len(pool) - 1)), means_of(pool)
    original = frontier_of(pool[:common], means)
    copy = original.copy()
    for index in range(common, len(pool)):
        copy.add(index, pool[index], means[index])
    assert original.survivors() == survivors_by_definition(pool[:common], means)
    assert copy.survivors() == survivors_by_definition(pool, means)
    for frontier, members in ((original, pool[:common]), (copy, pool)):
        best = best_by_definition(members)
        assert {key: (frontier.best(key), frontier.holders(key)) for key in frontier.keys} == best
    for index in range(common, len(pool)):
        original.add(index, pool[index], means[index])
    assert original.survivors() == copy.survivors()


@steady
@given(TIED, st.lists(st.sampled_from([0.0, 1.0]), min_size=12, max_size=12))
def test_survivors_are_right_after_every_candidate(pool: list[Scores], means: list[float]) -> None:
    """Whoever is asked again and again while candidates tie, beat each other and share a mean."""
    frontier = Frontier()
    for index, scores in enumerate(pool):
        frontier.add(index, scores, means[index])
        expected = survivors_by_definition(pool[: index + 1], means)
        assert frontier.survivors() == expected
        assert frontier.survivors() == expected


def test_what_is_done_with_the_survivors_does_not_change_them() -> None:
    """They are handed to plugins, which may take some out."""
    frontier = frontier_of([{"e0": 1.0}])
    frontier.survivors().clear()
    assert frontier.survivors() == {0: 1}


@steady
@given(POOLS)
def test_survivors_still_hold_every_key(pool: list[Scores]) -> None:
    """Removing the dominated loses no key: each stays with somebody."""
    frontier = frontier_of(pool)
    left = set(frontier.survivors())
    assert all(left.intersection(frontier.holders(key)) for key in frontier.keys)


@steady
@given(POOLS, st.randoms(use_true_random=False))
def test_incremental_equals_batch_in_any_order(pool: list[Scores], rng: Random) -> None:
    """Whatever the order in which candidates enter, holders, best scores and survivors are the same."""
    order = list(enumerate(zip(pool, means_of(pool), strict=True)))
    rng.shuffle(order)
    shuffled = Frontier()
    for index, (scores, mean) in order:
        shuffled.add(index, scores, mean)
    batch = frontier_of(pool)
    assert {key: (shuffled.best(key), shuffled.holders(key)) for key in shuffled.keys} == {
        key: (batch.best(key), batch.holders(key)) for key in batch.keys
    }
    assert shuffled.survivors() == batch.survivors()


def test_an_empty_frontier_has_nobody() -> None:
    """Before the seed was scored there is no holder and no survivor, and the mean is 0."""
    frontier = Frontier()
    assert (frontier.keys, frontier.mean, frontier.survivors()) == ((), 0.0, {})
    with pytest.raises(KeyError):
        frontier.best("e0")


def test_a_candidate_that_ties_everywhere_is_removed_with_the_lower_mean() -> None:
    """An example by hand: Φ₁ holds what Φ₂ holds too, and is worse on average because of e2."""
    pool = [
        {"e0": 0.0, "e1": 1.0, "e2": 0.0},
        {"e0": 1.0, "e1": 1.0, "e2": 0.0},
        {"e0": 1.0, "e1": 1.0, "e2": 1.0},
    ]
    assert frontier_of(pool).survivors() == {2: 3}


def test_of_equal_candidates_the_later_one_survives() -> None:
    """Ties of the mean are broken by index, so that the choice is the same in every run."""
    assert frontier_of([{"e0": 1.0}, {"e0": 1.0}]).survivors() == {1: 1}
