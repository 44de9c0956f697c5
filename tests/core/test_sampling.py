"""Minibatches, parents and components: the paper's Algorithm 1, as far as it chooses."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.defaults.selection import ParetoByFrequency, RoundRobin
from gepa_core.pool import Pool
from gepa_core.state import State
from gepa_core.types import Example
from tests.core.states import mutation, new_state, pool_of, seed_proposal
from tests.core.steady import steady


def pool_with(train: int, seed: int = 0) -> Pool:
    state = new_state(train=train, seed=seed)
    state.apply(seed_proposal(state, [0.0] * 4))
    return Pool(state)


def batch(pool: Pool, number: int, *, size: int = 3, skip: bool = False) -> list[Example]:
    sampler = EpochMinibatch(size=size, skip_solved=skip)
    return list(sampler.gepa_sample_examples(pool, pool.members[0], number))


@steady
@given(train=st.integers(1, 14), size=st.integers(1, 6), seed=st.integers(0, 99), epoch=st.integers(0, 3))
def test_every_epoch_holds_every_example(train: int, size: int, seed: int, epoch: int) -> None:
    """Each at least once, and never more slices than needed; no minibatch repeats an example."""
    pool = pool_with(train, seed)
    slices = -(-train // size)
    batches = [batch(pool, 1 + epoch * slices + place, size=size) for place in range(slices)]
    counts = Counter(example.id for chosen in batches for example in chosen)
    assert counts.keys() == {example.id for example in pool.train}
    for chosen in batches:
        assert len({example.id for example in chosen}) == len(chosen) == min(size, train)
    if train % size == 0:
        assert set(counts.values()) == {1}


def test_epochs_are_shuffled_anew() -> None:
    """By run seed and number of the epoch; the same again for the same two."""
    orders = {
        tuple(example.id for number in range(1 + 4 * epoch, 5 + 4 * epoch) for example in batch(pool, number))
        for pool in (pool_with(12), pool_with(12, seed=1), pool_with(12))
        for epoch in range(3)
    }
    assert len(orders) == 6


def test_one_sampler_serves_any_pool() -> None:
    """What it keeps of an epoch is that epoch's, of that run's seed and training set."""
    sampler = EpochMinibatch(size=2)
    pools = [pool_with(7), pool_with(7, seed=1), pool_with(5)]
    same_examples = State(components=(), train=pools[0].train, val=pools[0].val, seed=1)
    same_examples.apply(seed_proposal(same_examples, [0.0] * 4))
    pools.append(Pool(same_examples))
    for number in (1, 2, 6, 1, 5, 4):
        for pool in pools:
            kept = sampler.gepa_sample_examples(pool, pool.members[0], number)
            assert kept == batch(pool, number, size=2, skip=True)


def solving(state: State, solved: set[str]) -> Pool:
    """A pool whose seed is known to be perfect on the ``solved`` training examples and bad on one."""
    examples = tuple(example.id for example in state.train if example.id in solved)
    before = (1.0,) * len(examples)
    state.apply(mutation(state, 0, {"a": "1"}, None, examples=examples, before=before))
    return Pool(state)


@steady
@given(train=st.integers(1, 12), data=st.data(), number=st.integers(1, 30), size=st.integers(1, 5))
def test_solved_examples_are_replaced(train: int, data: st.DataObject, number: int, size: int) -> None:
    """As many unsolved examples as there are, up to the size; those of the slice come first."""
    state = new_state(train=train)
    state.apply(seed_proposal(state, [0.0] * 4))
    ids = [example.id for example in state.train]
    solved = data.draw(st.sets(st.sampled_from(ids)))
    pool = solving(state, solved)
    chosen = [example.id for example in batch(pool, number, size=size, skip=True)]
    assert len(chosen) == len(set(chosen)) == min(size, train - len(solved))
    assert not solved.intersection(chosen)
    plain = [example.id for example in batch(pool, number, size=size)]
    kept = [one for one in plain if one not in solved]
    assert chosen[: len(kept)] == kept


def test_without_a_perfect_score_nothing_is_solved() -> None:
    """Then there is no telling which examples teach nothing."""
    state = new_state(train=6, perfect_score=None)
    state.apply(seed_proposal(state, [0.0] * 4))
    pool = solving(state, {example.id for example in state.train})
    assert len(batch(pool, 5, skip=True)) == 3


def test_a_large_training_set_with_one_unsolved_example_is_searched_quickly() -> None:
    """Each epoch is shuffled once, not once for every slice."""
    state = new_state(train=3000)
    state.apply(seed_proposal(state, [0.0] * 4))
    pool = solving(state, {example.id for example in state.train[1:]})
    shuffles = []
    plain = pool.rng

    def counted(purpose: str, number: int) -> Random:
        shuffles.append(number)
        return plain(purpose, number)

    pool.rng = counted  # type: ignore[method-assign]
    assert [example.id for example in batch(pool, 7, skip=True)] == [state.train[0].id]
    assert len(shuffles) <= 2


def test_parents_are_drawn_by_how_often_they_are_best() -> None:
    """Algorithm 2: a survivor's chance is its share of the frontier's keys; the dominated have none."""
    pool = pool_of(
        [0.0, 0.0, 0.0, 0.0],
        (0, {"a": "1"}, [1.0, 1.0, 1.0, 0.0]),
        (0, {"b": "1"}, [0.0, 0.0, 0.0, 1.0]),
        (0, {"c": "1"}, [1.0, 0.0, 0.0, 0.0]),
    )
    drawn = Counter(
        ParetoByFrequency().gepa_select_parent(pool, Random(number)).index for number in range(800)
    )
    assert drawn.keys() == {1, 2}
    assert drawn[1] / 800 == pytest.approx(0.75, abs=0.06)


def test_components_take_turns_along_the_lineage() -> None:
    """Algorithm 1: a child goes on where its parent stood; every choice of a parent moves it on."""
    state = new_state(val=1)
    state.apply(seed_proposal(state, [0.0]))
    chosen: list[str] = []
    parents = [0, 0, 1, 0, 1, 1]
    for number, parent in enumerate(parents, start=1):
        pool = Pool(state)
        (name,) = RoundRobin().gepa_select_components(pool, pool.members[parent], number)
        chosen.append(name)
        scores = [1.0] if number == 2 else None
        state.apply(mutation(state, parent, {name: str(number)}, scores))
    # the seed: a, b (whose child is member 1, born after two choices), then c; the child: c, a, b
    assert chosen == ["a", "b", "c", "c", "a", "b"]


def test_proposals_in_flight_take_different_components() -> None:
    """They see the same pool, and count those before them."""
    pool = pool_of([0.0])
    names = [RoundRobin().gepa_select_components(pool, pool.members[0], number)[0] for number in range(1, 5)]
    assert names == ["a", "b", "c", "a"]
