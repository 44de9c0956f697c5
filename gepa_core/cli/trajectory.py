"""What the app did on one example: the steps of its rollouts, with what each of them used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
from rich.console import Console, RenderableType
from rich.text import Text

from gepa_core.cli import report, wording
from gepa_core.cli.summary import Summary
from gepa_core.cli.tables import facts, heading, indented, table
from gepa_core.codec import to_plain
from gepa_core.errors import ConfigurationError
from gepa_core.reflection.cutting import cut
from gepa_core.reflection.layout import show
from gepa_core.store import Store
from gepa_core.types import Candidate, Outcome, Proposal, Split, Step, Trajectory, Usage

_LONGEST = 600
"""Characters that are shown of an input or output."""
_SPLITS: tuple[Split, ...] = ("train", "val")
_UNKNOWN = Usage(calls=1, unmetered=1, unpriced=1)


@attrs.frozen(kw_only=True)
class Shown:
    """A rollout and whose it was."""

    candidate: str
    outcome: Outcome


def find(run: Summary, store: Store, proposal: Proposal, example: str) -> list[Shown]:
    """The rollouts of a proposal's parents and of its own candidate on an example.

    Args:
        example: an example's id, or its beginning.

    Raises:
        ConfigurationError: the proposal ran nothing of that name, or several begin so.
    """
    known = list(dict.fromkeys((*proposal.examples, *proposal.scores)))
    matches = [id_ for id_ in known if id_.startswith(example)]
    if example in matches:
        matches = [example]
    found = list(_rollouts(run, store, proposal, matches[0])) if len(matches) == 1 else []
    if not found:
        what = "is the beginning of several examples" if len(matches) > 1 else "is no example that was run"
        some = wording.listed(id_[:8] for id_ in (matches or known)[:5])
        raise ConfigurationError(f"{example!r} {what} for proposal {proposal.number}; there are {some}")
    return found


def _rollouts(run: Summary, store: Store, proposal: Proposal, example: str) -> Iterator[Shown]:
    for name, candidate in _candidates(run, proposal):
        for split in _SPLITS:
            # A fresh rollout of this proposal, or one that was known.
            for draw in dict.fromkeys((proposal.number, 0)):
                outcome = store.outcome((candidate.id, split, example, draw))
                if outcome is not None:
                    yield Shown(candidate=name, outcome=outcome)
                    break


def _candidates(run: Summary, proposal: Proposal) -> Iterator[tuple[str, Candidate]]:
    for index in proposal.parents:
        parent = run.state.members[index]
        yield f"proposal {parent.proposal}, which it was made from", parent.candidate
    if proposal.texts is not None:
        yield f"proposal {proposal.number}", Candidate(texts=proposal.texts)


def write(console: Console, run: Summary, found: list[Shown]) -> None:
    """Each rollout: its steps in a table, then what went in and out."""
    for each in found:
        outcome = each.outcome
        title = f"{outcome.split} example {outcome.example[:8]}, run by {each.candidate}"
        console.print(heading(title, simulated=bool(run.simulated)))
        console.print(facts(list(_facts(outcome))))
        if outcome.trajectory.steps:
            report.write(console, Text(), _steps(outcome), *_account(outcome.trajectory))
        report.write(console, *_said("Output", outcome.output), *_said("Feedback", outcome.feedback.text))


def _facts(outcome: Outcome) -> Iterator[tuple[str, str | Text]]:
    yield "score", wording.score(outcome.score)
    if outcome.failure is not None:
        yield "failed", Text(outcome.failure.message, "red")
    usage = sum((_usage(step) for step in outcome.trajectory.steps), Usage())
    if usage.calls:
        calls = wording.count(usage.calls, "model call")
        yield "used", " · ".join((calls, wording.tokens(usage), wording.dollars(usage)))
        if usage.unmetered or usage.unpriced:
            yield "incomplete", Text("; ".join(_gaps(outcome)), "yellow")


def _usage(step: Step) -> Usage:
    """What a step used. A model call that says nothing of it is unknown, and not free."""
    return _UNKNOWN if step.kind == "model" and not step.usage.calls else step.usage


def _gaps(outcome: Outcome) -> Iterator[str]:
    used = [(number, _usage(step)) for number, step in enumerate(outcome.trajectory.steps, start=1)]
    unmetered = [str(number) for number, usage in used if usage.unmetered]
    unpriced = [str(number) for number, usage in used if usage.unpriced]
    for what, steps in (("tokens", unmetered), ("price", unpriced)):
        if steps:
            yield f"{what} unknown at step {wording.listed(steps)}"


def _steps(outcome: Outcome) -> RenderableType:
    steps = outcome.trajectory.steps
    columns = ("#", "step", "texts", "seconds", "tokens in", "tokens out", "cost")
    made = table(*columns, numbers=("#", "seconds", "tokens in", "tokens out", "cost"), wide=("texts",))
    for number, step in enumerate(steps, start=1):
        name = f"{'  ' * _depth(steps, step)}{step.kind} {step.name}"
        cells = (str(number), name, wording.listed(step.components), f"{step.seconds:.2f}", *_used(step))
        made.add_row(*cells, style="red" if step.error else "")
    return made


def _depth(steps: tuple[Step, ...], step: Step) -> int:
    depth = 0
    while step.parent is not None and depth < len(steps):
        step, depth = steps[step.parent], depth + 1
    return depth


def _used(step: Step) -> tuple[str, str, str]:
    """Tokens in and out and the price of a model call, each of them said to be unknown where it is."""
    usage = _usage(step)
    if not usage.calls:
        return "", "", ""
    metered = "unknown" if usage.unmetered == usage.calls else None
    more = "+" if usage.unmetered else ""
    dollars = "unknown" if usage.unpriced == usage.calls else wording.price(usage.dollars)
    return (
        metered or f"{usage.input_tokens:,}{more}",
        metered or f"{usage.output_tokens:,}{more}",
        dollars if dollars == "unknown" or not usage.unpriced else f"{dollars}+",
    )


def _account(trajectory: Trajectory) -> Iterator[RenderableType]:
    if not trajectory.kept:
        yield Text("What went into the steps and came out was not kept (keep_trajectories).", "yellow")
        return
    for number, step in enumerate(trajectory.steps, start=1):
        yield from _said(f"Input of step {number}", step.inputs)
        yield from _said(f"Output of step {number}", step.output)
        yield from _said(f"Error of step {number}", step.error)


def _said(title: str, value: object) -> Iterator[RenderableType]:
    if value not in (None, ""):
        yield heading(title)
        yield indented(cut(show(value), _LONGEST))


def as_json(found: list[Shown]) -> str:
    """The same for other programs, nothing cut."""
    rollouts: list[dict[str, Any]] = [
        {"of": each.candidate, **to_plain(each.outcome), "usage": attrs.asdict(each.outcome.trajectory.usage)}
        for each in found
    ]
    return json.dumps(rollouts, indent=2)
