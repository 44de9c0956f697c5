"""What a growing pool costs: committing one more candidate, choosing a parent, finding a merge.

Without rollouts and with scores of 0 and 1, with which nearly every candidate is the best on something.
"""

from __future__ import annotations

from tests.benchmarks.apart import call_apart
from tests.benchmarks.growing import our_pools, their_pools
from tests.benchmarks.row import Row

EARLY = 100
EXAMPLES = 1000
THEIRS = 1000
"""Candidates that the peer is given: choosing a parent takes it time in proportion to their square."""


def rows(full: bool) -> list[Row]:
    """Late in a run beside early, and beside gepa; each engine in a process of its own."""
    late = 10_000 if full else 1000
    ours = call_apart(our_pools, EXAMPLES, (EARLY, late))
    theirs = call_apart(their_pools, EXAMPLES, (EARLY, THEIRS))
    first, last = ours[EARLY], ours[late]
    early, here, there = f"among {EARLY}", f"among {late:,}", f"gepa, among {THEIRS:,}"
    return [
        _row(f"write a candidate {here}", last["write"], early, first["write"]),
        _row(f"enter a candidate {here}", last["enter"], early, first["enter"]),
        _row(f"enter a candidate {here}", last["enter"], there, theirs[THEIRS]["enter"]),
        _row(f"choose a parent {here}", last["parent"], early, first["parent"]),
        _row(f"choose a parent {early}", first["parent"], f"gepa, {early}", theirs[EARLY]["parent"]),
        _row(f"choose a parent {here}", last["parent"], there, theirs[THEIRS]["parent"]),
        _row(f"find a merge {here}", last["merge"], early, first["merge"]),
        Row(
            group="pool",
            name=f"memory of a score, {late:,} candidates",
            value=last["memory"] / (late * EXAMPLES),
            unit="bytes",
            beside=f"gepa, {THEIRS:,} candidates",
            other=theirs[THEIRS]["memory"] / (THEIRS * EXAMPLES),
        ),
    ]


def _row(name: str, seconds: float, beside: str, other: float) -> Row:
    return Row(group="pool", name=name, value=1000 * seconds, unit="ms", beside=beside, other=1000 * other)
