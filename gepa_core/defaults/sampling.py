"""Which training examples a mutation looks at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import attrs

from gepa_core.markers import hookimpl
from gepa_core.pool import Pool
from gepa_core.state import Member
from gepa_core.types import Example


@attrs.frozen(kw_only=True, eq=False)
class _Shuffled:
    """A training set in the order of one epoch of a run."""

    train: Sequence[Example]
    seed: int
    epoch: int
    order: Sequence[Example]


@attrs.define(eq=False, kw_only=True)
class EpochMinibatch:
    """Minibatches that walk through the training set in epochs, shuffled anew for each.

    Proposal *n* takes the *n*-th slice of the endless row of epochs, so that proposals in flight at once
    see different examples. An epoch that does not divide evenly is filled up from its own beginning.

    Attributes:
        size: examples in a minibatch; the paper's is 3. A smaller training set is taken whole.
        skip_solved: replace examples on which the parent is known to be perfect, and skip the proposal
            when there are no others: such examples teach nothing.
    """

    size: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    skip_solved: bool = True
    _shuffled: _Shuffled | None = attrs.field(default=None, init=False)

    @hookimpl
    def gepa_sample_examples(self, pool: Pool, parent: Member, number: int) -> Sequence[Example]:
        """The slice of proposal ``number``, without what the parent has solved."""
        if not self.skip_solved or pool.perfect_score is None:
            return self._slice(pool, number)
        scores, perfect = pool.train_scores(parent), pool.perfect_score
        solved = sum(score >= perfect for score in scores.values())
        wanted = min(self.size, len(pool.train) - solved)
        chosen: dict[str, Example] = {}
        later = self._from(pool, number)
        while len(chosen) < wanted:
            example = next(later)
            if scores.get(example.id, perfect - 1) < perfect:
                chosen[example.id] = example
        return list(chosen.values())

    def _slice(self, pool: Pool, number: int) -> list[Example]:
        chosen = itertools.islice(self._from(pool, number), self.size)
        return list({example.id: example for example in chosen}.values())

    def _from(self, pool: Pool, number: int) -> Iterator[Example]:
        """The endless row of epochs, from the slice of proposal ``number`` on."""
        per_epoch = -(-len(pool.train) // self.size)
        first, place = divmod(number - 1, per_epoch)
        for epoch in itertools.count(first):
            order = self._order(pool, epoch)
            for at in range(place * self.size if epoch == first else 0, per_epoch * self.size):
                yield order[at % len(order)]

    def _order(self, pool: Pool, epoch: int) -> Sequence[Example]:
        """The training set as an epoch walks through it, shuffled once and not for every slice."""
        kept = self._shuffled
        if kept is not None and kept.train is pool.train and (kept.seed, kept.epoch) == (pool.seed, epoch):
            return kept.order
        order = list(pool.train)
        pool.rng("epoch", epoch).shuffle(order)
        self._shuffled = _Shuffled(train=pool.train, seed=pool.seed, epoch=epoch, order=order)
        return order
