"""A stored run as a page, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
from rich.console import Console, RenderableType
from rich.text import Text

from gepa_core.cli import ledger, report, wording
from gepa_core.cli.stored import run_name
from gepa_core.cli.summary import Summary, test_comparison, val_comparison
from gepa_core.cli.tables import facts, heading, table
from gepa_core.codec import to_plain
from gepa_core.result import Comparison, Cost
from gepa_core.store import Store
from gepa_core.summary import cost_of
from gepa_core.tally import tally
from gepa_core.types import Proposal

STATUS_COLOURS = {"accepted": "green", "rejected": "", "skipped": "dim", "dropped": "yellow"}


def write(console: Console, run: Summary, store: Store) -> None:
    """Everything worth knowing of a run, on one page."""
    simulated, cost = bool(run.simulated), cost_of(store)
    console.print(Text.assemble((run.directory.name, "bold"), f"  {run.target}"))
    console.print(facts(list(_facts(run, cost))))
    val = val_comparison(run)
    if val is None or run.seed is None or run.best is None:
        console.print("\nThe seed has no score yet.")
        return
    report.write(console, *report.scores(val, test_comparison(run, store), simulated=simulated))
    report.write(console, *ledger.ledger(cost, simulated=simulated))
    report.write(console, heading("Proposals", simulated=simulated), proposals_table(run))
    report.write(console, *report.changes(run.seed.candidate.texts, run.best.candidate.texts))
    console.print(
        f"\nLook closer: gepa-core show {run_name(run.directory)} --proposal N", style="dim", markup=False
    )


def _facts(run: Summary, cost: Cost) -> Iterator[tuple[str, str | Text]]:
    meta, sizes = run.meta, run.fact("sizes") or {}
    if run.simulated:
        yield "model", Text(f"simulated: {wording.listed(run.simulated)}", "magenta")
    yield "state", f"{run.condition}{': ' if meta.get('reason') else ''}{meta.get('reason', '')}"
    yield "time", " to ".join(meta[key].replace("T", " ")[:19] for key in ("begun", "ended") if meta.get(key))
    yield "data", ", ".join(f"{sizes[split]} {split}" for split in sizes)
    yield "proposals", wording.tally(tally(run.proposals))
    yield "budget", ledger.used(cost, run.fact("budget") or {})
    yield "preset", meta.get("preset", "")
    yield "stored", wording.place(run.directory)


def proposals_table(run: Summary) -> RenderableType:
    """A line for each proposal."""
    made = table(
        "#", "from", "changes", "before", "after", "score", "became", numbers=("#",), wide=("changes",)
    )
    for heading_ in ("before", "after", "score"):
        next(one for one in made.columns if one.header == heading_).justify = "right"
    best = run.best.proposal if run.best else None
    for proposal in run.proposals:
        made.add_row(*_row(run, proposal), style="bold" if proposal.number == best else "")
    return made


def _row(run: Summary, proposal: Proposal) -> tuple[str | Text, ...]:
    score = sum(proposal.scores.values()) / len(proposal.scores) if proposal.scores else None
    return (
        str(proposal.number),
        "+".join(f"#{run.state.members[index].proposal}" for index in proposal.origins),
        made_of(proposal),
        _mean(proposal.before),
        _mean(proposal.after),
        wording.score(score) if score is not None else "",
        Text(became(proposal), STATUS_COLOURS[proposal.status]),
    )


def made_of(proposal: Proposal) -> str:
    """What a proposal changes, in a word or two."""
    if proposal.kind == "mutation":
        return wording.listed(proposal.components)
    return "merge" if proposal.kind == "merge" else "the app as it is"


def became(proposal: Proposal) -> str:
    """Status, with the word that its reason begins with where the status does not say it."""
    word = proposal.reason.partition(":")[0]
    is_said = proposal.status == "accepted" or word in ("", "worse")
    return proposal.status if is_said else f"{proposal.status}: {word}"


def _mean(values: tuple[float, ...]) -> str:
    return f"{sum(values) / len(values):.2f}" if values else ""


def as_json(run: Summary, store: Store) -> str:
    """The same as `write`, for other programs. Scores are by example id."""
    best = run.best
    body: dict[str, Any] = {
        "run": run.directory.name,
        "path": str(run.directory.absolute()),
        "target": run.target,
        "state": run.condition,
        "simulated": list(run.simulated),
        **{key: run.meta.get(key, "") for key in ("reason", "begun", "ended", "preset")},
        **{key: run.fact(key) for key in ("sizes", "budget", "components")},
        "val": _comparison(val_comparison(run)),
        "test": _comparison(test_comparison(run, store)),
        "cost": ledger.as_json(cost_of(store)),
        "best": {"proposal": best.proposal, "texts": dict(best.candidate.texts)} if best else None,
        "tally": tally(run.proposals),
        "proposals": [to_plain(proposal) for proposal in run.proposals],
    }
    return json.dumps(body, indent=2)


def _comparison(found: Comparison | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"seed_mean": found.seed_mean, "best_mean": found.best_mean, **attrs.asdict(found)}
