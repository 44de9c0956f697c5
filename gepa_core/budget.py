"""What a run may spend, and the reservations that keep it from spending more."""

from __future__ import annotations

import attrs

from gepa_core.checks import more_than_zero, whole
from gepa_core.entries import REFLECTION, Entry, total
from gepa_core.errors import BudgetTooSmall, ConfigurationError
from gepa_core.measures import DOLLARS, TOKENS, Measure
from gepa_core.state import State
from gepa_core.types import Spend, Usage

_POSITIVE = more_than_zero("budget")
_WHOLE = attrs.validators.optional(whole("budget", least=1))


@attrs.frozen(kw_only=True)
class Budget:
    """The limits of a run. None means no limit; at least one has to be given.

    Attributes:
        rollouts: runs of the app on an example, those on the test set included. Never exceeded.
        reflections: calls of the reflection model. Never exceeded.
        tokens: tokens of task and reflection model together; nothing is begun that is expected to cross it.
        dollars: cost of both in US dollars; nothing is begun that is expected to cross it.
        seconds: wall clock of this call; nothing is begun after it. Time for the test set is kept.
    """

    rollouts: int | None = attrs.field(default=None, validator=_WHOLE)
    reflections: int | None = attrs.field(default=None, validator=_WHOLE)
    tokens: int | None = attrs.field(default=None, validator=_POSITIVE)
    dollars: float | None = attrs.field(default=None, validator=_POSITIVE)
    seconds: float | None = attrs.field(default=None, validator=_POSITIVE)

    def __attrs_post_init__(self) -> None:
        if all(value is None for value in attrs.astuple(self)):
            raise ConfigurationError(
                "no budget: give budget=300 (rollouts) or Budget(rollouts=…, dollars=…, seconds=…)"
            )


@attrs.frozen(kw_only=True)
class ForTest:
    """What the comparison at the end takes out of a budget.

    Attributes:
        size: number of test examples.
        seed: what the seed has spent on them, at an earlier end of the run.
        others: what other candidates have, which may not be the best any more.
    """

    size: int = 0
    seed: Entry = Entry()
    others: Entry = Entry()

    @property
    def kept(self) -> int:
        """Rollouts set aside for the seed and the best candidate."""
        return 2 * self.size


@attrs.define(kw_only=True)
class Ledger:
    """Reservations by proposal number, against the limits.

    What was spent comes from the committed proposals, so a resumed run sees the ledger that it left.
    Rollouts and reflections are reserved at the most that a proposal can need. Of tokens and dollars as
    much is reserved as those are expected to use: purpose by purpose the mean of what is committed.
    """

    budget: Budget
    state: State
    test: ForTest = ForTest()
    _reserved: dict[int, Spend] = attrs.field(factory=dict, init=False)

    def check(self, least: Spend) -> None:
        """Refuse a budget that does not pay for ``least``, before anything is spent.

        Raises:
            BudgetTooSmall: with the least that would do; of rollouts, those for the test set included.
        """
        answers = self.budget.reflections
        if answers is not None and answers < least.reflections:
            raise BudgetTooSmall(
                f"a budget of {answers} reflections is too small to try one proposal, which may ask"
                f" {least.reflections} times. Give reflections={least.reflections} or more, or fewer"
                " components.",
                least=least.reflections,
            )
        allowed, kept = self.budget.rollouts, self.test.kept
        needed = least.total_rollouts + kept
        if allowed is not None and allowed < needed:
            test = f" and {kept} to compare on the test set" if kept else ""
            raise BudgetTooSmall(
                f"a budget of {allowed} rollouts is too small to try one proposal: {least.total_rollouts} are"
                f" needed to score the seed and one new candidate{test}. Give budget={needed} or more, or a"
                " smaller validation set.",
                least=needed,
            )

    def refusal(self, need: Spend) -> str:
        """Why ``need`` does not fit beside what is spent, reserved and kept; empty when it does."""
        entries, held = self.state.entries, self._reserved.values()
        reflections = entries.get(REFLECTION, Entry()).count
        rollouts = total(entries.values()).count - reflections
        return (
            self._count_refusal(
                "rollouts",
                self.budget.rollouts,
                spent=rollouts,
                kept=self.test.kept,
                held=sum(one.total_rollouts for one in held) + self.test.others.count,
                need=need.total_rollouts,
            )
            or self._count_refusal(
                "reflections",
                self.budget.reflections,
                spent=reflections,
                held=sum(one.reflections for one in held),
                need=need.reflections,
            )
            or self._usage_refusal(TOKENS, need)
            or self._usage_refusal(DOLLARS, need)
        )

    def test_refusal(self, rollouts: int) -> str:
        """Why so many rollouts on the test set, the last of a run, are not begun; empty when they are.

        Their number was set aside from the beginning. What they use was only expected.
        """
        for measure in (TOKENS, DOLLARS) if rollouts else ():
            limit = measure.limit(self.budget)
            spent = measure.of(self._spent() + self.test.seed.usage + self.test.others.usage)
            # A limit in seconds may leave proposals in flight.
            spent += sum(self._expected(one, measure) for one in self._reserved.values())
            expected = rollouts * self._mean("test", measure)
            if limit is None:
                continue
            if self._unknown(measure):
                return f"what it would use of the {measure.name} allowed is not known"
            if spent + expected > limit:
                return (
                    f"it is expected to use {measure.written(expected)}, and"
                    f" {measure.written(max(0, limit - spent))} are left of {measure.written(limit)}"
                )
        return ""

    def _count_refusal(
        self, unit: str, limit: int | None, *, spent: int, held: int, need: int, kept: int = 0
    ) -> str:
        if limit is None or spent + kept + held + need <= limit:
            return ""
        test = f", {kept} are kept for the test set" if kept else ""
        if self._is_first:
            return (
                f"the budget of {limit} {unit} is too small to try one proposal, which may need {need}"
                f" ({spent} spent{test}). Give {unit}={spent + kept + held + need} or more"
            )
        then = f"the next proposal may need {need}"
        return f"the budget of {limit} {unit} is used up ({spent} spent{test}; {then})"

    def _usage_refusal(self, measure: Measure, need: Spend) -> str:
        """Tokens or dollars: what is spent, with what all that is begun and kept is expected to use."""
        limit = measure.limit(self.budget)
        if limit is None:
            return ""
        used = total(self.state.entries.values()).usage
        if self._unknown(measure):
            return (
                f"the budget of {measure.written(limit)} cannot be kept: the {measure.missing} of"
                f" {measure.unknown(used)} of {used.calls} model calls"
                f" {'is' if measure is DOLLARS else 'are'} unknown. Limit rollouts or reflections instead."
            )
        spent, needed = measure.of(self._spent()), self._expected(need, measure)
        ahead = sum((self._expected(one, measure) for one in self._reserved.values()), needed)
        if spent + self._for_test(measure) + ahead > limit:
            return self._usage_message(measure, limit, spent, needed)
        if need.reflections and self._reserved and REFLECTION not in self.state.entries:
            return f"the first proposal has to show what a reflection uses of the {measure.name}"
        return ""

    def _usage_message(self, measure: Measure, limit: float, spent: float, needed: float) -> str:
        write, kept = measure.written, self.test.kept * self._mean("test", measure)
        test = f", about {write(kept)} kept for the test set" if kept else ""
        if self._is_first:
            least = measure.rounded_up(spent + self._for_test(measure) + needed)
            return (
                f"the budget of {write(limit)} is too small to try one proposal ({write(spent)} spent on the"
                f" seed{test}; one proposal may need about {write(needed)} and what its reflections use)."
                f" Give {measure.name}={least} or more"
            )
        return (
            f"the budget of {write(limit)} is used up ({write(spent)} spent{test}; the next proposal may need"
            f" about {write(needed)})"
        )

    def _spent(self) -> Usage:
        """What is known to have been used, but for the test set."""
        return total(self.state.entries.values()).usage + self.state.lost

    def _for_test(self, measure: Measure) -> float:
        """What the test set has used, and what the seed and the best candidate are expected to use on it.

        What the seed has used counts only where it is more than was expected: else a run that has ended
        would find something left when it is called again.
        """
        each = self.test.size * self._mean("test", measure)
        return measure.of(self.test.others.usage) + each + max(each, measure.of(self.test.seed.usage))

    def _expected(self, need: Spend, measure: Measure) -> float:
        rollouts = sum(count * self._mean(purpose, measure) for purpose, count in need.rollouts.items())
        return rollouts + need.reflections * self._mean(REFLECTION, measure)

    def _mean(self, purpose: str, measure: Measure) -> float:
        """Mean usage of those for ``purpose``; of all rollouts while there is none for it."""
        entries = self.state.entries
        entry = entries.get(purpose)
        if entry is None and purpose != REFLECTION:
            entry = total(one for name, one in entries.items() if name != REFLECTION)
        return measure.of(entry.usage) / entry.count if entry is not None and entry.count else 0.0

    def _unknown(self, measure: Measure) -> bool:
        return measure.unknown(total(self.state.entries.values()).usage) > 0

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

    @property
    def _is_first(self) -> bool:
        """Whether nothing but the seed was begun, so that this budget never allows for a proposal."""
        return self.state.committed == 0 and not self._reserved
