"""Progress where there is no terminal: a line for each thing that a reader of a log wants to know."""

from __future__ import annotations

from gepa_core.cli import wording
from gepa_core.cli.watch import Watch
from gepa_core.events import (
    Event,
    HeldBack,
    LimitReached,
    ProposalCommitted,
    Retried,
    RolloutFinished,
    RunEnded,
    RunStarted,
    Warned,
)


def line(event: Event, watch: Watch) -> str:
    """The line for ``event``, which ``watch`` has taken in already; empty for none."""
    match event:
        case Warned():
            text = f"note: {event.message}"
        case HeldBack():
            text = f"{wording.held_back(event)}: {event.error}"
        case LimitReached():
            text = wording.limit_reached(event)
        case _:
            text = _text(event, watch)
    return f"[{wording.duration(watch.elapsed):>7}] {text}" if text else ""


def _text(event: Event, watch: Watch) -> str:
    match event:
        case RunStarted():
            return _started(event)
        case ProposalCommitted():
            return _committed(event, watch)
        case Retried():
            return f"#{event.number} {event.what} failed, again in {event.wait:.1f} s: {event.error}"
        case RolloutFinished(purpose="test") if watch.tested == 1:
            return "comparing the seed and the best candidate on the test set"
        case RunEnded():
            return f"ended: {event.reason}"
    return ""


def _started(event: RunStarted) -> str:
    sizes = f"{event.train} train, {event.val} validation, {event.test} test examples"
    again = f"; going on after {wording.count(event.resumed, 'proposal')}" if event.resumed else ""
    return f"optimising {wording.listed(event.components)}; {sizes}{again}"


def _committed(event: ProposalCommitted, watch: Watch) -> str:
    proposal = event.proposal
    limit = watch.budget.rollouts
    spent = f"{event.spent}{'' if limit is None else f'/{limit}'} rollouts"
    if proposal.kind == "seed":
        return f"the app as it is scores {wording.score(event.best_score)}; {spent}"
    if proposal.status != "accepted":
        return f"#{proposal.number} {proposal.status}: {wording.cut(proposal.reason, 70)}; {spent}"
    mean = sum(proposal.scores.values()) / len(proposal.scores)
    best = "the best so far" if mean >= event.best_score else f"best is {wording.score(event.best_score)}"
    return (
        f"#{proposal.number} accepted: {watch.made(proposal)} scores {wording.score(mean)}, {best}; {spent}"
    )
