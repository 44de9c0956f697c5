"""``gepa-core runs``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gepa_core.cli.options import AsJson

if TYPE_CHECKING:
    from rich.text import Text

    from gepa_core.cli.summary import Summary

_COLOURS = {
    "running": "cyan",
    "ended": "green",
    "interrupted": "yellow",
    "stopped": "yellow",
    "unreadable": "red",
}
_SIMULATED = "*"


def runs(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIRECTORY", help="Where the runs are.", show_default=".gepa/runs"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List stored runs, the latest last."""
    from gepa_core.api import RUNS
    from gepa_core.cli.console import output
    from gepa_core.cli.stored import stored_runs

    where = directory or RUNS
    found = [_read(path) for path in stored_runs(where)]
    if as_json:
        import json

        typer.echo(json.dumps([row for row, _ in found], indent=2))
        return
    console = output()
    if not found:
        console.print(f"There are no runs in {where}. `gepa-core demo` makes one.", markup=False)
        return
    from gepa_core.cli.tables import table

    made = table(
        "run", "app", "begun", "seed → best", "rollouts", "state", numbers=("rollouts",), wide=("app",)
    )
    for row, run in found:
        made.add_row(*_cells(row, run))
    console.print(made)
    if any(row.get("simulated") for row, _ in found):
        console.print(f"\n{_SIMULATED} simulated model", style="magenta")
    console.print(f"\nStored in {where}. Look closer: gepa-core show RUN", style="dim", markup=False)


def _read(path: Path) -> tuple[dict[str, Any], Summary | None]:
    """What is said of a run, as JSON, with what it was taken from; None when it cannot be read."""
    from gepa_core.cli.stored import reading
    from gepa_core.cli.summary import summarise
    from gepa_core.errors import StoreError
    from gepa_core.summary import cost_of

    try:
        with reading(path) as store:
            run = summarise(store)
            cost = cost_of(store)
    except (StoreError, ValueError) as error:
        return {
            "run": path.name,
            "path": str(path.absolute()),
            "state": "unreadable",
            "reason": str(error),
        }, None
    return {
        "run": path.name,
        "path": str(path.absolute()),
        "target": run.target,
        "begun": run.meta.get("begun", ""),
        "state": run.condition,
        "reason": run.meta.get("reason", ""),
        "seed_score": run.seed.mean if run.seed else None,
        "best_score": run.best.mean if run.best else None,
        "rollouts": cost.total_rollouts,
        "rollout_budget": (run.fact("budget") or {}).get("rollouts"),
        "simulated": bool(run.simulated),
    }, run


def _cells(row: dict[str, Any], run: Summary | None) -> tuple[str | Text, ...]:
    from rich.text import Text

    from gepa_core.cli import wording

    state = Text(row["state"], _COLOURS[row["state"]])
    if run is None:
        return row["run"], "", "", "", "", state
    limit = row["rollout_budget"]
    scores = Text.assemble(
        f"{wording.score(row['seed_score'])} → ",
        (wording.score(row["best_score"]), "bold"),
        (_SIMULATED if row["simulated"] else "", "magenta"),
    )
    return (
        row["run"],
        row["target"] or Text("from Python", "dim"),
        _short_time(row["begun"]),
        scores,
        f"{row['rollouts']}{'' if limit is None else f'/{limit}'}",
        state,
    )


def _short_time(begun: str) -> str:
    """``2026-11-22T10:33:12+0000`` as ``11-22 10:33``: the year stands in the run's name."""
    return begun[5:16].replace("T", " ")
