"""What is known of a run under way: a fold over its events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import attrs

from gepa_core.budget import Budget
from gepa_core.cli.doing import Doing
from gepa_core.cli.wording import held_back, limit_reached, listed
from gepa_core.events import (
    Event,
    HeldBack,
    LimitReached,
    ProposalCommitted,
    ProposalStarted,
    ReflectionFinished,
    Retried,
    RolloutFinished,
    RunEnded,
    RunStarted,
    Warned,
)
from gepa_core.result import Cost
from gepa_core.types import Proposal, Usage

SHOWN = 4
"""Accepted proposals that are remembered for showing."""

_TEST = -1
"""The number that rollouts on the test set carry."""


@attrs.define(kw_only=True)
class Watch:
    """The figures that progress shows.

    Attributes:
        budget: the limits of the run.
        before: what earlier processes spent, for a run that goes on.
        seed_score: the seed's mean on validation.
        best_score: the best candidate's mean on validation.
        frontier_score: mean over validation examples of the best score that any candidate reached.
        history: the best score after each commit.
        accepted: the latest accepted proposals, each with the best score after it, newest last.
        members: for each candidate in the pool, the number of the proposal that brought it.
        doing: proposals under way, by number.
        tested: rollouts on the test set.
        note: the latest thing that went wrong or that should be known.
        stopping: whether the run was interrupted.
    """

    budget: Budget
    clock: Callable[[], float] = time.monotonic
    run: RunStarted | None = None
    began: float = attrs.field(init=False)
    before: Cost = Cost()
    usage: Usage = Usage()
    spent: int = 0
    reflections: int = 0
    committed: int = 0
    pool_size: int = 0
    seed_score: float | None = None
    best_score: float | None = None
    frontier_score: float | None = None
    history: list[float] = attrs.field(factory=list)
    accepted: deque[tuple[Proposal, float]] = attrs.field(factory=lambda: deque(maxlen=SHOWN))
    doing: dict[int, Doing] = attrs.field(factory=dict)
    members: list[int] = attrs.field(factory=list)
    tested: int = 0
    note: str = ""
    stopping: bool = False
    _minibatch: int = 3
    _retried: int | None = None

    @began.default
    def _began(self) -> float:
        return self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since this process began the run."""
        return self.clock() - self.began

    @property
    def all_usage(self) -> Usage:
        """What was used, earlier processes included."""
        return self.before.usage + self.usage

    def see(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case RunStarted():
                self.run, self.spent, self.began = event, event.spent, self.clock()
            case ProposalStarted():
                validation = self.run.val if self.run else 0
                self.doing[event.number] = Doing.of(event, validation=validation, minibatch=self._minibatch)
            case RolloutFinished():
                self._rollout(event)
            case ReflectionFinished():
                self._reflection(event)
            case ProposalCommitted():
                self._commit(event)
            case Retried():
                self.note = f"{event.what} of #{event.number} failed and is tried again: {event.error}"
                self._retried = event.number
            case HeldBack():
                self.note = held_back(event)
            case LimitReached():
                self.note = limit_reached(event)
            case Warned():
                self.note = event.message
            case RunEnded():
                self.spent = event.spent

    def _rollout(self, event: RolloutFinished) -> None:
        if not event.reused:
            self.spent += 1
            self.usage += event.usage
        if event.number == _TEST:
            self.tested += 1
        if event.number in self.doing:
            self.doing[event.number].see(event)

    def _reflection(self, event: ReflectionFinished) -> None:
        if not event.reused:
            self.reflections += 1
            self.usage += event.usage
        if event.number in self.doing:
            self.doing[event.number].see(event)

    def _commit(self, event: ProposalCommitted) -> None:
        proposal = event.proposal
        self.doing.pop(proposal.number, None)
        if self._retried == proposal.number:
            self.note, self._retried = "", None
        self.committed, self.pool_size = proposal.number, event.pool_size
        self.best_score, self.frontier_score = event.best_score, event.frontier_score
        self.spent = max(self.spent, event.spent)
        self.history.append(event.best_score)
        if proposal.kind == "seed":
            self.seed_score = event.best_score
        elif proposal.status == "accepted":
            self.accepted.append((proposal, event.best_score))
        if event.pool_size > len(self.members):
            self.members.append(proposal.number)
        if proposal.kind == "mutation" and proposal.examples:
            self._minibatch = len(proposal.examples)

    def made(self, proposal: Proposal) -> str:
        """What a proposal changed, or what it was merged of."""
        if proposal.kind != "merge":
            return listed(proposal.components)
        return f"merge of {' and '.join(f'#{self.members[index]}' for index in proposal.parents)}"

    def seconds_left(self) -> float | None:
        """An estimate from the limit that is nearest to being used up; None when there is none yet."""
        before, usage = self.before.usage, self.all_usage
        shares = [
            _share(self.before.total_rollouts, self.spent, self.budget.rollouts),
            _share(self.before.reflections, self.reflections, self.budget.reflections),
            _share(before.tokens, usage.tokens, self.budget.tokens),
            _share(before.dollars, usage.dollars, self.budget.dollars),
            _share(0.0, self.elapsed, self.budget.seconds),
        ]
        share = max(shares)
        return self.elapsed * (1 - share) / share if share > 0 and self.elapsed > 1 else None


def _share(start: float, now: float, limit: float | None) -> float:
    """How much of what was left of a limit at the start has been used since, 0 to 1."""
    if limit is None or limit <= start:
        return 0.0
    return min(1.0, (now - start) / (limit - start))
