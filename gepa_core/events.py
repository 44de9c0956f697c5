"""What an observer is told, as typed events. Order between events of different proposals is free."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from gepa_core.types import Proposal, Purpose, Usage


@attrs.frozen(kw_only=True)
class RunStarted:
    """The run is about to begin or to go on.

    Attributes:
        run_dir: where it is stored.
        components: names of the components that are optimised.
        train: number of training examples.
        val: number of validation examples.
        test: number of test examples.
        rollout_budget: rollouts allowed; None for no limit.
        resumed: commits that were read back from the run directory.
        spent: rollouts charged by them.
        shared_validation: True when the training set serves as the validation set.
    """

    run_dir: str
    components: tuple[str, ...]
    train: int
    val: int
    test: int
    rollout_budget: int | None
    resumed: int = 0
    spent: int = 0
    shared_validation: bool = False


@attrs.frozen(kw_only=True)
class ProposalStarted:
    """A proposal was planned. ``parents`` are pool indices; empty for the seed."""

    number: int
    kind: str
    parents: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class RolloutFinished:
    """A rollout has an outcome. ``reused`` when it was already known and cost nothing."""

    number: int
    purpose: Purpose
    example: str
    score: float
    failed: bool
    reused: bool
    usage: Usage = Usage()


@attrs.frozen(kw_only=True)
class Retried:
    """A rollout or reflection met an infrastructure fault and will be tried again."""

    number: int
    what: str
    attempt: int
    wait: float
    error: str


@attrs.frozen(kw_only=True)
class HeldBack:
    """A provider asked for a wait, and everyone keeps it.

    Attributes:
        model: no call of this model begins meanwhile; empty where it is not known which one it was: then
            no rollout begins.
        seconds: how long.
        error: what the provider said.
    """

    model: str
    seconds: float
    error: str


@attrs.frozen(kw_only=True)
class LimitReached:
    """Calls wait for a limit of the run's own, `Execution.limits`. Told once in a run for each limit.

    Attributes:
        model: the model whose call is the first to wait.
        limit: the name or glob that the limit is for.
    """

    model: str
    limit: str


@attrs.frozen(kw_only=True)
class ReflectionFinished:
    """The reflection model answered. ``text`` is its whole answer."""

    number: int
    text: str
    usage: Usage = Usage()
    reused: bool = False


@attrs.frozen(kw_only=True)
class ProposalCommitted:
    """A proposal is on disk and its candidate, if accepted, in the pool.

    Attributes:
        proposal: the record.
        pool_size: candidates in the pool after it.
        best_score: the highest mean score on validation after it.
        best_index: who holds that score.
        frontier_score: mean over validation examples of the best score that any candidate reached.
        spent: rollouts charged so far.
    """

    proposal: Proposal
    pool_size: int
    best_score: float
    best_index: int
    frontier_score: float
    spent: int


@attrs.frozen(kw_only=True)
class Warned:
    """Something the user should know that does not stop the run."""

    message: str


@attrs.frozen(kw_only=True)
class RunEnded:
    """The run is over. ``reason`` says why."""

    reason: str
    spent: int


Event: TypeAlias = (
    RunStarted
    | ProposalStarted
    | RolloutFinished
    | Retried
    | HeldBack
    | LimitReached
    | ReflectionFinished
    | ProposalCommitted
    | Warned
    | RunEnded
)
