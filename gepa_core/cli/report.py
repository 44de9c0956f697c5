"""What a run found: scores, what they cost, and how each text changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from gepa_core.cli import wording
from gepa_core.cli.diff import diff
from gepa_core.cli.tables import changed_lines, facts, heading, table
from gepa_core.result import Comparison, Cost


def scores(val: Comparison, test: Comparison | None, *, simulated: bool) -> list[RenderableType]:
    """Scores of the seed and of the best candidate, side by side."""
    made = table("", "examples", "seed", "best", "gain", "", numbers=("examples", "seed", "best", "gain"))
    for name, comparison in (("validation", val), ("test", test)):
        if comparison is not None:
            made.add_row(*_compared(name, comparison))
    parts: list[RenderableType] = [heading("Scores", simulated=simulated), made]
    if test is not None:
        parts.append(
            Text("Nothing was chosen by the test examples: they show what to expect of new ones.", "dim")
        )
    return parts


def _compared(name: str, comparison: Comparison) -> tuple[str | Text, ...]:
    gain = comparison.best_mean - comparison.seed_mean
    return (
        name,
        str(len(comparison.seed)),
        wording.score(comparison.seed_mean),
        Text(wording.score(comparison.best_mean), "bold"),
        Text(wording.signed(gain), "bold green" if gain > 0 else "red" if gain < 0 else ""),
        Text(wording.interval(comparison.difference), "dim"),
    )


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[RenderableType]:
    """Each text from the seed to the best candidate."""
    same = [name for name in before if before[name] == after[name]]
    for name in before:
        if name not in same:
            yield heading(name)
            yield changed_lines(diff(before[name], after[name]))
    if same:
        yield Text(f"\nunchanged: {wording.listed(same)}", style="dim")


def ending(reason: str, tally: Mapping[str, int], spent: Cost, run_dir: Path) -> Table:
    """Why a run ended, what became of its proposals, what it cost in a line, and where it is."""
    usage = spent.usage
    parts = (
        wording.count(spent.total_rollouts, "rollout"),
        wording.count(spent.reflections, "reflection"),
        wording.tokens(usage),
        wording.dollars(usage),
    )
    return facts(
        [
            ("ended", f"{reason}."),
            ("proposals", wording.tally(tally)),
            ("cost", " · ".join(parts)),
            ("stored", wording.place(run_dir)),
        ]
    )


def commands(lines: Mapping[str, str]) -> list[RenderableType]:
    """Commands to go on with, each with what it does."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(no_wrap=True, overflow="fold", style="bold")
    grid.add_column(style="dim", overflow="fold")
    for command, purpose in lines.items():
        grid.add_row(f"  {command}", purpose)
    return [heading("Next"), grid]


def write(console: Console, *parts: RenderableType) -> None:
    """Write parts below each other."""
    for part in parts:
        console.print(part)
