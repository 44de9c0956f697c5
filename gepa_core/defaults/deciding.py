"""Acceptance, validation and stopping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

import attrs

from gepa_core.markers import hookimpl
from gepa_core.pool import Pool
from gepa_core.types import Example, Proposal


@attrs.define(eq=False, kw_only=True)
class BetterOnMinibatch:
    """A mutation has to be strictly better than its parent, a merge as good as the better parent."""

    @hookimpl
    def gepa_accept_candidate(self, kind: str, before: Sequence[float], after: Sequence[float]) -> bool:
        """Compare sums of scores on the same examples."""
        return fsum(after) >= fsum(before) if kind == "merge" else fsum(after) > fsum(before)


@attrs.define(eq=False, kw_only=True)
class FullValidation:
    """Every accepted candidate runs on the whole validation set."""

    @hookimpl
    def gepa_next_validation(self, pool: Pool, scores: Mapping[str, float]) -> Sequence[Example]:
        """All examples that have not run."""
        return [example for example in pool.val if example.id not in scores]


@attrs.define(eq=False, kw_only=True)
class StopWhenPerfect:
    """End the run when a candidate is perfect on every validation example."""

    @hookimpl
    def gepa_stop_reason(self, pool: Pool) -> str | None:
        """The reason, when the best candidate cannot be bettered."""
        perfect, best = pool.perfect_score, pool.best
        if perfect is None or len(best.scores) < len(pool.val) or min(best.scores.values()) < perfect:
            return None
        who = "the seed" if best.index == 0 else f"candidate {best.index}"
        rest = ", so there is nothing to improve" if best.index == 0 else ""
        return f"{who} has the perfect score {perfect:g} on every validation example{rest}"


@attrs.define(eq=False, kw_only=True)
class StopWhenStalled:
    """End a run that goes on without getting anywhere.

    Attributes:
        free: proposals in a row that cost no rollout, such as duplicates and solved minibatches.
        dropped: proposals in a row that were dropped, for whatever reason.
        failed_reflections: reflections in a row without a usable text: answers that were empty, refused, cut
            off, or against a requirement. Each has been asked again before it counts.
    """

    free: int = attrs.field(default=50, validator=attrs.validators.ge(1))
    dropped: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    failed_reflections: int = attrs.field(default=5, validator=attrs.validators.ge(1))

    @hookimpl
    def gepa_stop_reason(self, pool: Pool) -> str | None:
        """The reason, when one of the rows is that long."""
        recent = pool.proposals[-max(self.free, self.dropped, self.failed_reflections) :]
        if len(recent) >= self.free and not any(sum(one.rollouts.values()) for one in recent[-self.free :]):
            return f"the last {self.free} proposals led to nothing that could be tried: {recent[-1].reason}"
        dropped = recent[-self.dropped :]
        if len(dropped) == self.dropped and all(one.status == "dropped" for one in dropped):
            return f"the last {self.dropped} proposals were dropped: {dropped[-1].reason}"
        reflected = [one for one in recent if one.kind == "mutation" and one.components]
        reflected = reflected[-self.failed_reflections :]
        if len(reflected) == self.failed_reflections and all(map(_gave_no_text, reflected)):
            count = self.failed_reflections
            return f"the last {count} reflections gave no usable text: {reflected[-1].reason}"
        return None


def _gave_no_text(proposal: Proposal) -> bool:
    return proposal.status == "dropped" and not proposal.reason.startswith("duplicate:")
