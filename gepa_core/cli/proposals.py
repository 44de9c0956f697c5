"""One proposal of a stored run, with everything that led to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.text import Text

from gepa_core.cli import report, wording
from gepa_core.cli.showing import STATUS_COLOURS, made_of
from gepa_core.cli.summary import Summary
from gepa_core.cli.tables import facts, heading, indented, table
from gepa_core.codec import to_plain
from gepa_core.errors import ConfigurationError
from gepa_core.store import Store
from gepa_core.types import Outcome, Proposal


def find(run: Summary, number: int) -> Proposal:
    """Proposal ``number``.

    Raises:
        ConfigurationError: there is none of that number.
    """
    if not 0 <= number < len(run.proposals):
        last = len(run.proposals) - 1
        there = f"its proposals are 0 to {last}" if last >= 0 else "it has committed none yet"
        raise ConfigurationError(f"the run {run.directory.name!r} has no proposal {number}: {there}")
    return run.proposals[number]


def write(console: Console, run: Summary, store: Store, proposal: Proposal) -> None:
    """What was tried, on what grounds, and what became of it."""
    title = Text.assemble((f"Proposal {proposal.number}", "bold"), f"  {made_of(proposal)}")
    if run.simulated:
        title.append("  (simulated)", style="magenta")
    console.print(title)
    console.print(facts(list(_facts(run, proposal))))
    report.write(console, *_minibatch(run, store, proposal))
    for answer in store.answers(proposal.number):
        console.print(heading("The reflection model answered"))
        console.print(Rule(style="dim"))
        console.print(answer.text, markup=False)
        console.print(Rule(style="dim"))
    if proposal.texts is not None and proposal.origins:
        before = run.state.members[proposal.origins[0]].candidate.texts
        report.write(console, *report.changes(before, proposal.texts))
    elif proposal.texts is not None:
        for name, text in proposal.texts.items():
            report.write(console, heading(name), indented(text))


def _facts(run: Summary, proposal: Proposal) -> Iterator[tuple[str, str | Text]]:
    status = Text(proposal.status, STATUS_COLOURS[proposal.status])
    if proposal.reason:
        status.append(f"  {proposal.reason}", style="default")
    yield "became", status
    if proposal.parents:
        yield "made from", " and ".join(_named(run, index) for index in proposal.parents)
    if proposal.onto is not None:
        yield "moved to", _named(run, proposal.onto)
    if proposal.scores:
        yield "score", wording.score(sum(proposal.scores.values()) / len(proposal.scores))
    charged = (f"{number} {purpose}" for purpose, number in proposal.rollouts.items())
    reused = f" · {proposal.reused} known" if proposal.reused else ""
    yield "rollouts", f"{', '.join(charged) or 'none'}{reused}"
    usage = sum(proposal.usage.values(), proposal.reflection_usage)
    parts = (wording.count(proposal.reflections, "reflection"), wording.tokens(usage), wording.dollars(usage))
    yield "spend", " · ".join(parts)


def _named(run: Summary, index: int) -> str:
    member = run.state.members[index]
    return f"proposal {member.proposal} ({wording.score(member.mean)})"


def _minibatch(run: Summary, store: Store, proposal: Proposal) -> Iterator[RenderableType]:
    """The examples of a mutation: the scores, and the feedback that reflection read."""
    if proposal.kind == "seed" or not proposal.before:
        return
    yield heading("Tested on", simulated=bool(run.simulated))
    columns = ("example", "before", "after", *(("feedback",) if proposal.kind == "mutation" else ()))
    made = table(*columns, numbers=("before", "after"), wide=columns[3:])
    for place, example in enumerate(proposal.examples):
        outcome = _known(run, store, proposal, example)
        after = wording.score(proposal.after[place] if proposal.after else None)
        feedback = [Text(outcome.feedback.text)] if outcome else []
        made.add_row(example[:8], wording.score(proposal.before[place]), after, *feedback)
    yield made


def _known(run: Summary, store: Store, proposal: Proposal, example: str) -> Outcome | None:
    """The parent's rollout on an example: a fresh one of this proposal, or one that was known."""
    if proposal.kind != "mutation":
        return None
    parent = run.state.members[proposal.parents[0]].candidate.id
    return store.outcome((parent, "train", example, proposal.number)) or store.outcome(
        (parent, "train", example, 0)
    )


def as_json(run: Summary, store: Store, proposal: Proposal) -> str:
    """The same for other programs."""
    body: dict[str, Any] = to_plain(proposal)
    body["answers"] = [answer.text for answer in store.answers(proposal.number)]
    body["simulated"] = list(run.simulated)
    return json.dumps(body, indent=2)
