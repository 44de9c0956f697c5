"""Lines of a ledger: how often something was done, and what it used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from gepa_core.types import NO_USAGE, Proposal, Trajectory, Usage

REFLECTION = "reflection"
"""The purpose of calls of the reflection model, beside those that rollouts have."""


@attrs.frozen(kw_only=True)
class Entry:
    """One line.

    Attributes:
        count: rollouts, calls of the reflection model, or attempts that failed.
        usage: what they used together.
    """

    count: int = 0
    usage: Usage = Usage()

    def __add__(self, other: Entry) -> Entry:
        return Entry(count=self.count + other.count, usage=self.usage + other.usage)


def usage_of(trajectory: Trajectory) -> Usage:
    """What a rollout is charged with.

    A call that failed is not billed, as far as anybody can tell, so nothing is unknown of it: one that a
    provider refuses would else end a run whose tokens or dollars are limited.
    """
    used = (
        attrs.evolve(step.usage, unmetered=0, unpriced=0) if step.error else step.usage
        for step in trajectory.steps
    )
    return sum(used, NO_USAGE)


def entries_of(proposal: Proposal) -> dict[str, Entry]:
    """What one proposal was charged with, by purpose."""
    found = {
        purpose: Entry(count=count, usage=proposal.usage.get(purpose, Usage()))
        for purpose, count in proposal.rollouts.items()
    }
    if proposal.reflections:
        found[REFLECTION] = Entry(count=proposal.reflections, usage=proposal.reflection_usage)
    return found


def add(entries: dict[str, Entry], more: Mapping[str, Entry]) -> None:
    """Add ``more`` to ``entries``, purpose by purpose."""
    for purpose, entry in more.items():
        entries[purpose] = entries.get(purpose, Entry()) + entry


def total(entries: Iterable[Entry]) -> Entry:
    """All lines as one."""
    return sum(entries, Entry())
