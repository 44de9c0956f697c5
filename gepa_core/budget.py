"""What a run may spend, and the reservations that keep it from spending more."""

from __future__ import annotations

from typing import Any

import attrs

from gepa_core.errors import BudgetTooSmall, ConfigurationError
from gepa_core.state import State
from gepa_core.types import Spend


def _positive(_instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not value > 0:
        raise ConfigurationError(f"budget: {attribute.name} must be greater than 0, not {value!r}")


@attrs.frozen(kw_only=True)
class Budget:
    """The limits of a run. None means no limit; at least one has to be given.

    Attributes:
        rollouts: runs of the app on an example, those on the test set included. Never exceeded.
        reflections: calls of the reflection model. Never exceeded.
        tokens: tokens of task and reflection model together; no proposal is begun that would cross it.
        dollars: cost of both in US dollars; no proposal is begun that would cross it.
        seconds: wall clock of this call; ends the run between commits.
    """

    rollouts: int | None = attrs.field(default=None, validator=_positive)
    reflections: int | None = attrs.field(default=None, validator=_positive)
    tokens: int | None = attrs.field(default=None, validator=_positive)
    dollars: float | None = attrs.field(default=None, validator=_positive)
    seconds: float | None = attrs.field(default=None, validator=_positive)

    def __attrs_post_init__(self) -> None:
        if all(value is None for value in attrs.astuple(self)):
            raise ConfigurationError(
                "no budget: give budget=300 (rollouts) or Budget(rollouts=…, dollars=…, seconds=…)"
            )


@attrs.define(kw_only=True)
class Ledger:
    """Reservations by proposal number, against the limits.

    What was spent comes from the committed proposals, so a resumed run sees the ledger it left.

    Attributes:
        kept: rollouts set aside for the test set.
        tested: rollouts that an earlier end of the run spent on the test set for a candidate that may not
            be the best any more.
    """

    budget: Budget
    state: State
    kept: int = 0
    tested: int = 0
    _reserved: dict[int, Spend] = attrs.field(factory=dict, init=False)

    def check(self, least: int, reflections: int = 0) -> None:
        """Refuse a budget that does not pay for ``least`` rollouts and ``reflections``.

        Raises:
            BudgetTooSmall: with the least that would do; of rollouts, those for the test set included.
        """
        answers = self.budget.reflections
        if answers is not None and answers < reflections:
            raise BudgetTooSmall(
                f"a budget of {answers} reflections is too small to try one proposal, which may ask"
                f" {reflections} times. Give reflections={reflections} or more, or fewer components.",
                least=reflections,
            )
        allowed = self.budget.rollouts
        if allowed is not None and allowed < least + self.kept:
            test = f" and {self.kept} to compare on the test set" if self.kept else ""
            raise BudgetTooSmall(
                f"a budget of {allowed} rollouts is too small to try one proposal: {least} are needed to"
                f" score the seed and one new candidate{test}. Give budget={least + self.kept} or more,"
                " or a smaller validation set.",
                least=least + self.kept,
            )

    def refusal(self, need: Spend) -> str:
        """Why ``need`` does not fit beside what is spent and reserved; empty when it does."""
        held = sum(self._reserved.values(), Spend())
        spent = Spend(
            rollouts=self.state.spent[-1] if self.state.spent else 0,
            reflections=self.state.reflections[-1] if self.state.reflections else 0,
        )
        limits = self.budget
        if limits.rollouts is not None and spent.rollouts + held.rollouts + need.rollouts > (
            limits.rollouts - self.kept - self.tested
        ):
            kept = f", {self.kept} are kept for the test set" if self.kept else ""
            return (
                f"the budget of {limits.rollouts} rollouts is used up ({spent.rollouts} spent{kept};"
                f" the next proposal may need {need.rollouts})"
            )
        if (
            limits.reflections is not None
            and spent.reflections + held.reflections + need.reflections > limits.reflections
        ):
            return (
                f"the budget of {limits.reflections} reflections is used up ({spent.reflections} spent;"
                f" the next proposal may need {need.reflections})"
            )
        return self._usage_refusal()

    def _usage_refusal(self) -> str:
        """Tokens and dollars: what is in flight is estimated from this run's own proposals."""
        usage, proposals = self.state.usage, len(self.state.proposals)
        ahead = 1 + (len(self._reserved) + 1) / proposals if proposals > 1 else 1.0
        limits = self.budget
        if limits.tokens is not None and usage.unmetered:
            return (
                f"the budget of {limits.tokens} tokens cannot be kept: {usage.unmetered} of"
                f" {usage.calls} model calls reported no tokens. Limit rollouts or reflections instead."
            )
        if limits.tokens is not None and usage.tokens * ahead > limits.tokens:
            return f"the budget of {limits.tokens} tokens is used up ({usage.tokens} spent)"
        if limits.dollars is None:
            return ""
        if usage.unpriced:
            return (
                f"the budget of ${limits.dollars:g} cannot be kept: the price of {usage.unpriced} of"
                f" {usage.calls} model calls is unknown. Limit rollouts or tokens instead."
            )
        if usage.dollars * ahead > limits.dollars:
            return f"the budget of ${limits.dollars:g} is used up (${usage.dollars:.4f} spent)"
        return ""

    def reserve(self, number: int, need: Spend) -> None:
        """Set ``need`` aside for proposal ``number`` until it is settled."""
        self._reserved[number] = need

    def settle(self, number: int) -> None:
        """Proposal ``number`` is committed: what it spent is in the state now."""
        self._reserved.pop(number, None)

    @property
    def in_flight(self) -> bool:
        """Whether something is reserved and not settled."""
        return bool(self._reserved)
