"""What each proposal is doing right now, as far as its events tell."""

from __future__ import annotations

from collections import Counter

import attrs

from gepa_core.cli.wording import count
from gepa_core.events import ProposalStarted, ReflectionFinished, RolloutFinished

_ASSUMED_MINIBATCH = 3


@attrs.define(kw_only=True)
class Doing:
    """One proposal under way.

    Attributes:
        validation: examples that an accepted candidate is validated on.
        minibatch: examples that a mutation is tested on.
    """

    number: int
    kind: str
    validation: int
    minibatch: int = _ASSUMED_MINIBATCH
    rollouts: Counter[str] = attrs.field(factory=Counter)
    answers: int = 0

    @classmethod
    def of(cls, event: ProposalStarted, *, validation: int, minibatch: int) -> Doing:
        """A proposal that was planned just now."""
        return cls(number=event.number, kind=event.kind, validation=validation, minibatch=minibatch)

    def see(self, event: RolloutFinished | ReflectionFinished) -> None:
        """Take an event of this proposal in."""
        if isinstance(event, RolloutFinished):
            self.rollouts[event.purpose] += 1
        else:
            self.answers += 1

    def __str__(self) -> str:
        return f"#{self.number} {self._phase()}"

    def _phase(self) -> str:
        done = self.rollouts
        if self.kind == "seed":
            return f"scoring the app as it is, {done['seed']} of {self.validation}"
        if done["validation"]:
            return f"validating, {done['validation']} of {self.validation}"
        if self.kind == "merge":
            return f"testing a merge, {count(done['merge'], 'rollout')}"
        if self.answers or done["child"]:
            return f"testing, {done['child']} of {self.minibatch}"
        if done["parent"] >= self.minibatch:
            return "reflecting"
        return f"running its parent, {done['parent']} of {self.minibatch}"
