"""How far a budget goes, counted out proposal by proposal for the two extremes of a search."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from gepa_core.budget import Budget
from gepa_core.sizes import Sizes


@attrs.frozen(kw_only=True)
class Each:
    """What one rollout and one reflection use, on average; None where it is not known.

    Attributes:
        rollout_tokens: tokens of a rollout.
        rollout_dollars: US dollars of a rollout.
        reflection_tokens: tokens of a reflection.
        reflection_dollars: US dollars of a reflection.
    """

    rollout_tokens: float | None = None
    rollout_dollars: float | None = None
    reflection_tokens: float | None = None
    reflection_dollars: float | None = None

    def tokens(self, rollouts: int, reflections: int) -> float | None:
        """Tokens of so many."""
        return _both(self.rollout_tokens, rollouts, self.reflection_tokens, reflections)

    def dollars(self, rollouts: int, reflections: int) -> float | None:
        """US dollars of so many."""
        return _both(self.rollout_dollars, rollouts, self.reflection_dollars, reflections)


def _both(one: float | None, ones: int, other: float | None, others: int) -> float | None:
    return None if one is None or other is None else one * ones + other * others


@attrs.frozen(kw_only=True)
class Forecast:
    """What a run would do in one of the extremes.

    Attributes:
        proposals: proposals tried.
        rollouts: by purpose.
        reflections: one call for each proposal.
        most_reflections: where every component is rewritten in every proposal, and asked for twice.
        tokens: expected with ``reflections``; None where it is not known.
        dollars: the same in US dollars.
    """

    proposals: int
    rollouts: Mapping[str, int]
    reflections: int
    most_reflections: int
    tokens: float | None
    dollars: float | None

    @property
    def total_rollouts(self) -> int:
        """Rollouts for all purposes together."""
        return sum(self.rollouts.values())


def forecast(sizes: Sizes, budget: Budget, each: Each, *, reuse: bool, accepted: bool) -> Forecast | None:
    """Count a run out.

    Merges are left out: one costs a validation at most, and no reflection.

    Args:
        each: what rollouts and reflections use; needed where only tokens or dollars are limited.
        reuse: whether a parent's known outcomes are used again.
        accepted: whether every proposal is accepted, or none.

    Returns:
        None where nothing that is limited can be counted before the start.
    """
    run = _Count(sizes=sizes, budget=budget, each=each, reuse=reuse, accepted=accepted)
    if not run.is_limited:
        return None
    while run.fits():
        run.proposals += 1
    return run.forecast()


@attrs.define(kw_only=True)
class _Count:
    """A run, counted out so far."""

    sizes: Sizes
    budget: Budget
    each: Each
    reuse: bool
    accepted: bool
    proposals: int = 0

    @property
    def is_limited(self) -> bool:
        budget, each = self.budget, self.each
        return (
            budget.rollouts is not None
            or budget.reflections is not None
            or (budget.tokens is not None and bool(each.tokens(1, 1)))
            or (budget.dollars is not None and bool(each.dollars(1, 1)))
        )

    def fits(self) -> bool:
        """Whether the most that one more proposal needs is left, with the test set kept."""
        need, budget = self.sizes.mutation, self.budget
        rollouts = self._searching() + 2 * self.sizes.test + need.total_rollouts
        calls = self.most_reflections if self.accepted else self.proposals
        return all(
            limit is None or amount is None or amount <= limit
            for amount, limit in (
                (rollouts, budget.rollouts),
                (calls + need.reflections, budget.reflections),
                (self.each.tokens(rollouts, calls + need.reflections), budget.tokens),
                (self.each.dollars(rollouts, calls + need.reflections), budget.dollars),
            )
        )

    @property
    def most_reflections(self) -> int:
        return self.proposals * self.sizes.mutation.reflections

    def _searching(self) -> int:
        return sum(self._rollouts().values())

    def _rollouts(self) -> dict[str, int]:
        """Rollouts so far, but for the test set."""
        tested = self.proposals * self.sizes.minibatch
        # As long as nothing is accepted the seed is every proposal's parent, and its outcomes are known.
        parents = min(tested, self.sizes.train) if self.reuse and not self.accepted else tested
        return {
            "seed": self.sizes.val,
            "probe": self.sizes.seed.rollouts["probe"] if self.accepted else 0,
            "parent": parents,
            "child": tested * (self.sizes.tests if self.accepted else 1),
            "validation": self.proposals * self.sizes.val if self.accepted else 0,
        }

    def forecast(self) -> Forecast:
        size = self.sizes.test
        rollouts = {**self._rollouts(), "test": 2 * size if self.accepted and self.proposals else size}
        number = sum(rollouts.values())
        limit = self.budget.reflections
        return Forecast(
            proposals=self.proposals,
            rollouts=rollouts,
            reflections=self.proposals,
            most_reflections=self.most_reflections if limit is None else min(limit, self.most_reflections),
            tokens=self.each.tokens(number, self.proposals),
            dollars=self.each.dollars(number, self.proposals),
        )
