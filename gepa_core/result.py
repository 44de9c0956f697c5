"""What `optimize` hands back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core.entries import REFLECTION, Entry, total
from gepa_core.tally import tally
from gepa_core.types import Candidate, Proposal, Usage


@attrs.frozen(kw_only=True)
class Interval:
    """A confidence interval of a mean: ``low`` and ``high`` at ``level`` (0 to 1)."""

    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        """``95% interval +0.330 to +0.440``."""
        return f"{self.level:.0%} interval {self.low:+.3f} to {self.high:+.3f}"


@attrs.frozen(kw_only=True)
class Comparison:
    """Scores of the seed and of the best candidate on the same examples.

    Attributes:
        seed: score by example id.
        best: score by example id, same keys.
        difference: paired confidence interval of the mean difference, best minus seed; None when there
            are fewer than two examples.
    """

    seed: Mapping[str, float]
    best: Mapping[str, float]
    difference: Interval | None = None

    @property
    def seed_mean(self) -> float:
        """The seed's mean score."""
        return sum(self.seed.values()) / len(self.seed)

    @property
    def best_mean(self) -> float:
        """The best candidate's mean score."""
        return sum(self.best.values()) / len(self.best)

    def __str__(self) -> str:
        """``0.336 -> 0.724 on 100 examples (gain +0.388, 95% interval +0.330 to +0.440)``."""
        gain = f"gain {self.best_mean - self.seed_mean:+.3f}"
        sure = f", {self.difference}" if self.difference is not None else ""
        return f"{self.seed_mean:.3f} -> {self.best_mean:.3f} on {len(self.seed)} examples ({gain}{sure})"


@attrs.frozen(kw_only=True)
class Cost:
    """The ledger of a run: what it has cost so far, resumed parts included.

    Attributes:
        entries: rollouts by purpose, and under ``"reflection"`` the calls of the reflection model, each
            with what they used.
        saved: rollouts that were needed and already known, with what they had used when they were bought.
        failed: attempts that met an infrastructure fault, by purpose. They count as no rollouts; what they
            used is in it as far as it is known.
        pending: how many of the rollouts and reflections belong to proposals that are not committed: under
            way, or cut off by the end of the run. They are used when the run goes on.
    """

    entries: Mapping[str, Entry] = attrs.field(factory=dict)
    saved: Entry = Entry()
    failed: Mapping[str, Entry] = attrs.field(factory=dict)
    pending: int = 0

    @property
    def rollouts(self) -> dict[str, int]:
        """Rollouts by purpose."""
        return {purpose: entry.count for purpose, entry in self.entries.items() if purpose != REFLECTION}

    @property
    def total_rollouts(self) -> int:
        """Rollouts for all purposes together."""
        return sum(self.rollouts.values())

    @property
    def reused(self) -> int:
        """Rollouts that were needed and already known."""
        return self.saved.count

    @property
    def reflections(self) -> int:
        """Calls of the reflection model."""
        return self.entries.get(REFLECTION, Entry()).count

    @property
    def retries(self) -> int:
        """Attempts that met an infrastructure fault."""
        return total(self.failed.values()).count

    @property
    def task_usage(self) -> Usage:
        """What the rollouts used."""
        return total(entry for name, entry in self.entries.items() if name != REFLECTION).usage

    @property
    def reflection_usage(self) -> Usage:
        """What the reflections used."""
        return self.entries.get(REFLECTION, Entry()).usage

    @property
    def lost_usage(self) -> Usage:
        """What the failed attempts are known to have used."""
        return total(self.failed.values()).usage

    @property
    def usage(self) -> Usage:
        """Everything together; of calls in failed attempts only what is known."""
        known = attrs.evolve(self.lost_usage, unmetered=0, unpriced=0)
        return self.task_usage + self.reflection_usage + known


@attrs.frozen(kw_only=True)
class Result:
    """The end of a run.

    Attributes:
        app: the user's own app with the best texts, of its own type and not instrumented.
        best: the candidate with the highest mean score on validation.
        seed: the app as it was.
        val: scores of both on validation.
        test: scores of both on the test set; None when there was none.
        cost: what it cost.
        stop_reason: why it ended.
        complete: False when a model could not be reached any more: then the run goes on from there when it is
            called again with the same ``run_dir``.
        proposals: every committed proposal, in order; the first is the seed.
        run_dir: where the run is stored; give it to `optimize` again to go on.
    """

    app: Any = attrs.field(repr=False)
    best: Candidate
    seed: Candidate
    val: Comparison
    test: Comparison | None
    cost: Cost
    stop_reason: str
    complete: bool = True
    proposals: tuple[Proposal, ...] = attrs.field(repr=False)
    run_dir: Path

    def save(self, directory: str | Path) -> None:
        """Write the best texts into ``directory``: ``prompts.json``, for `gepa_core.apply`, and
        ``prompts.md``, for people."""
        from gepa_core.saved import SavedTexts

        SavedTexts.of(self).save(directory)

    @property
    def tally(self) -> dict[str, int]:
        """How many proposals were accepted, and how many came to nothing for each reason."""
        return tally(self.proposals)

    def __str__(self) -> str:
        """Scores, cost, why it ended and where it is, a line each."""
        usage = self.cost.usage
        tokens = "tokens in part unknown" if usage.unmetered else f"{usage.tokens:,} tokens"
        dollars = "price in part unknown" if usage.unpriced else f"${usage.dollars:.2f}"
        counts = f"{self.cost.total_rollouts} rollouts, {self.cost.reflections} reflections"
        lines = {
            "validation": str(self.val),
            "test": str(self.test) if self.test is not None else "",
            "cost": f"{counts}, {tokens}, {dollars}",
            "ended": self.stop_reason,
            "stored": str(self.run_dir),
        }
        return "\n".join(f"{name:<12}{text}" for name, text in lines.items() if text)

    @property
    def improved(self) -> bool:
        """Whether the best candidate is not the seed."""
        return self.best != self.seed
