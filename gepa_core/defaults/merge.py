"""System-aware merge: the best components of two candidates that improved different ones."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from random import Random

import attrs

from gepa_core.markers import hookimpl
from gepa_core.pool import Pool
from gepa_core.types import Candidate, Merge


@attrs.define(eq=False, kw_only=True)
class SystemAwareMerge:
    """Merge two candidates with a common ancestor, component by component (Algorithms 3 and 4).

    Due once after each acceptance. Two different survivors of the frontier are drawn that are no
    relatives of each other; of their common ancestors, one is drawn that neither of them is worse than
    and from which one of them changed a component that the other left alone. A component that only one
    of them changed is taken from that one; one that both changed, from the better.

    Attributes:
        invocations: merges tried at most, whether or not they were accepted.
        examples: validation examples that a merge is tested on before it is validated in full.
        attempts: pairs drawn before giving up.
    """

    invocations: int = attrs.field(default=5, validator=attrs.validators.ge(0))
    examples: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    attempts: int = attrs.field(default=10, validator=attrs.validators.ge(1))

    @hookimpl
    def gepa_merge_candidates(self, pool: Pool, rng: Random) -> Merge | None:
        """The next merge, if one is due and one can be made."""
        if not self._is_due(pool):
            return None
        survivors = list(pool.survivors())
        for _ in range(self.attempts if len(survivors) > 1 else 0):
            one, other = sorted(rng.sample(survivors, 2))
            merge = self._merge_pair(pool, one, other, rng)
            if merge is not None:
                return merge
        return None

    def _is_due(self, pool: Pool) -> bool:
        last = pool.proposals[-1]
        if pool.merge_planned:
            return False
        return last.status == "accepted" and last.kind == "mutation" and pool.merges < self.invocations

    def _merge_pair(self, pool: Pool, one: int, other: int, rng: Random) -> Merge | None:
        if pool.are_related(one, other):
            return None
        ancestors = _desirable_ancestors(pool, one, other)
        if not ancestors:
            return None
        (ancestor,) = rng.choices(ancestors, weights=_weights(pool, ancestors))
        texts = _merged_texts(pool, ancestor, one, other, rng)
        if pool.is_known(Candidate(texts=texts)):
            return None
        left, right = pool.members[one].scores, pool.members[other].scores
        shared = [example.id for example in pool.val if example.id in left and example.id in right]
        if not shared:
            return None
        return Merge(
            parents=(one, other),
            ancestor=ancestor,
            texts=texts,
            examples=tuple(_balanced(pool, shared, (one, other), self.examples, rng)),
        )


def _desirable_ancestors(pool: Pool, one: int, other: int) -> list[int]:
    """Algorithm 3: neither is worse than them, and some component was changed by exactly one of the two."""
    left, right = pool.members[one], pool.members[other]
    before = [
        (name, text)
        for name in left.candidate.texts
        if left.candidate.texts[name] != right.candidate.texts[name]
        for text in (left.candidate.texts[name], right.candidate.texts[name])
    ]
    least = min(left.mean, right.mean)
    ancestors = pool.common_ancestors(one, other, having=before)
    return [ancestor for ancestor in ancestors if pool.members[ancestor].mean <= least]


def _weights(pool: Pool, ancestors: Sequence[int]) -> list[float]:
    """Mean scores, as the paper draws ancestors; raised above zero where a metric goes below."""
    means = [pool.members[index].mean for index in ancestors]
    lowest = min(means)
    weights = [mean - min(lowest, 0.0) for mean in means]
    return weights if sum(weights) > 0 else [1.0] * len(means)


def _merged_texts(pool: Pool, ancestor: int, one: int, other: int, rng: Random) -> dict[str, str]:
    before, left, right = (pool.members[index].candidate.texts for index in (ancestor, one, other))
    means = pool.members[one].mean, pool.members[other].mean
    merged = {}
    for name in before:
        if left[name] == before[name]:
            merged[name] = right[name]
        elif right[name] == before[name] or means[0] > means[1]:
            merged[name] = left[name]
        elif means[1] > means[0]:
            merged[name] = right[name]
        else:
            merged[name] = rng.choice((left[name], right[name]))
    return merged


def _balanced(
    pool: Pool, shared: Sequence[str], pair: tuple[int, int], wanted: int, rng: Random
) -> list[str]:
    """Examples in equal shares: where the first is better, where the second is, where they tie."""
    left, right = (pool.members[index].scores for index in pair)
    shares = (
        [example for example in shared if left[example] > right[example]],
        [example for example in shared if left[example] < right[example]],
        [example for example in shared if left[example] == right[example]],
    )
    chosen: list[str] = []
    for share in shares:
        room = min(len(share), ceil(wanted / 3), wanted - len(chosen))
        chosen += rng.sample(share, room)
    rest = [example for example in shared if example not in chosen]
    return chosen + rng.sample(rest, min(len(rest), wanted - len(chosen)))
