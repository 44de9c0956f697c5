"""The ledger of a run: what was spent, on what, and what was not spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from rich.console import RenderableType
from rich.text import Text

from gepa_core.cli import wording
from gepa_core.cli.tables import heading, table
from gepa_core.entries import REFLECTION, Entry
from gepa_core.result import Cost
from gepa_core.types import Usage

PURPOSES = {
    "seed": "scoring the app as it is",
    "probe": "probing which texts are live",
    "parent": "parents on minibatches",
    "child": "new candidates on minibatches",
    "merge": "testing merges",
    "validation": "validating candidates",
    "test": "the test set",
    REFLECTION: "reflections",
}
"""What rollouts are for, in the order in which a run comes to it."""

_UNKNOWN = "unknown"
_SOME = "+"


def ledger(cost: Cost, *, simulated: bool) -> list[RenderableType]:
    """A line for each purpose, with what failed and what was saved below the sum."""
    made = table("", "number", *_FIGURES, numbers=("number", *_FIGURES))

    def add(name: str, entry: Entry, style: str = "") -> None:
        figures = _figures(entry.usage, cost.usage.dollars)
        made.add_row(name, f"{entry.count:,}" if entry.count else "", *figures, style=style)

    for purpose, name in PURPOSES.items():
        if purpose in cost.entries and purpose != REFLECTION:
            add(name, cost.entries[purpose])
    if len(cost.rollouts) > 1:
        add("rollouts together", Entry(count=cost.total_rollouts, usage=cost.task_usage), "bold")
    if cost.reflections:
        add(PURPOSES[REFLECTION], cost.entries[REFLECTION])
    if cost.retries:
        # Of calls that failed nothing is expected to be known.
        known = attrs.evolve(cost.lost_usage, unmetered=0, unpriced=0)
        add("failed attempts, tried again", Entry(count=cost.retries, usage=known), "yellow")
    made.add_section()
    add("everything", Entry(usage=cost.usage), "bold")
    if cost.saved.count:
        add("known already, not bought", cost.saved, "green")
    return [heading("Ledger", simulated=simulated), made, *_notes(cost)]


_FIGURES = ("calls", "tokens in", "tokens out", "cost")


def _figures(usage: Usage, dollars: float) -> tuple[str, ...]:
    """Calls, tokens in and out, and dollars; with a plus where some calls did not report theirs."""
    return (
        f"{usage.calls:,}",
        _known_part(wording.short(usage.input_tokens), usage.unmetered, usage.calls),
        _known_part(wording.short(usage.output_tokens), usage.unmetered, usage.calls),
        _known_part(wording.price(usage.dollars, beside=dollars), usage.unpriced, usage.calls),
    )


def _known_part(text: str, unknown: int, calls: int) -> str:
    if not unknown:
        return text
    return _UNKNOWN if unknown == calls else f"{text}{_SOME}"


def _notes(cost: Cost) -> Iterator[Text]:
    usage = cost.usage
    if 0 < usage.unmetered < usage.calls or 0 < usage.unpriced < usage.calls:
        yield Text(f"{_SOME} and what some calls did not report", "dim")
    if cost.pending:
        yield Text(
            f"{cost.pending} of these are for proposals that are not committed; they are used when the run"
            " goes on.",
            "dim",
        )
    if cost.retries:
        answers = cost.failed.get(REFLECTION, Entry()).count
        tried = {"rollout attempt": cost.retries - answers, "reflection attempt": answers}
        parts = (wording.count(number, what) for what, number in tried.items() if number)
        yield Text(
            f"{' and '.join(parts)} failed: they count as none, and cost what is known of them.", "dim"
        )


def used(cost: Cost, budget: Mapping[str, float | None]) -> str:
    """How much of each limit was used, on one line."""
    usage = cost.usage
    amounts = {
        "rollouts": f"{cost.total_rollouts:,}",
        "reflections": f"{cost.reflections:,}",
        "tokens": f"{usage.tokens:,}",
        "dollars": f"{usage.dollars:,.4f}",
    }
    return ", ".join(
        f"{amounts[name]} of {limit:,g} {name}" if name in amounts else f"{limit:,g} {name} at a time"
        for name, limit in budget.items()
        if limit is not None
    )


def as_json(cost: Cost) -> dict[str, Any]:
    """The ledger for other programs. Usage in ``failed`` is as far as it is known."""
    return {
        "rollouts": cost.rollouts,
        "total_rollouts": cost.total_rollouts,
        "reflections": cost.reflections,
        "reused": cost.reused,
        "retries": cost.retries,
        "pending": cost.pending,
        "usage": attrs.asdict(cost.usage),
        "entries": {purpose: attrs.asdict(entry) for purpose, entry in cost.entries.items()},
        "failed": {purpose: attrs.asdict(entry) for purpose, entry in cost.failed.items()},
        "saved": attrs.asdict(cost.saved),
    }
