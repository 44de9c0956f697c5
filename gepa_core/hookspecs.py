"""Every hook of a run, in the order in which a proposal meets them.

A plugin is an object with methods named like these and marked with ``@hookimpl``. It may leave out
arguments that it does not need. Plugins given first are asked first; the built-in behaviour, in
`gepa_core.defaults`, is asked last. ``number`` is always the proposal's number and ``rng`` a generator
seeded by (run seed, hook, number): use it for every random choice, and keep no state between calls, so
that a resumed run repeats what the unbroken one did.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from gepa_core.markers import hookspec

if TYPE_CHECKING:
    from random import Random

    from gepa_core.events import Event
    from gepa_core.mutation import MutationRequest
    from gepa_core.pool import Pool
    from gepa_core.protocols import System
    from gepa_core.state import Member
    from gepa_core.types import Candidate, Example, Feedback, Merge, Outcome, Rollout

HOOKS = (
    "gepa_configure",
    "gepa_unconfigure",
    "gepa_merge_candidates",
    "gepa_select_parent",
    "gepa_sample_examples",
    "gepa_select_components",
    "gepa_capture_trajectory",
    "gepa_give_feedback",
    "gepa_propose_texts",
    "gepa_accept_candidate",
    "gepa_next_validation",
    "gepa_stop_reason",
    "gepa_notify",
)
"""Every hook, in the order below."""

MAY_BE_ASYNC = frozenset(("gepa_capture_trajectory", "gepa_give_feedback", "gepa_propose_texts"))
"""Hooks that may take their time; the others answer at once."""

MAY_BE_WRAPPED = frozenset(HOOKS) - {"gepa_configure", "gepa_unconfigure", "gepa_stop_reason", "gepa_notify"}
"""Hooks that stop at the first answer, so that there is an answer to wrap."""

# -------------------------------------------------------------------------
# set-up
# -------------------------------------------------------------------------


@hookspec
def gepa_configure(pool: Pool, run_dir: str) -> None:
    """Called once, before the seed is run or a stored run is read back.

    Every plugin is asked. The pool is still empty, but knows its components and data.

    Args:
        pool: the pool, which stays the same object for the whole run.
        run_dir: where the run is stored; a plugin may keep files of its own beside the store.
    """


@hookspec
def gepa_unconfigure(pool: Pool, reason: str) -> None:
    """Called once when the run is over, also when it ended by an error.

    Every plugin is asked.

    Args:
        pool: the pool as the run left it.
        reason: why the run ended.
    """


# -------------------------------------------------------------------------
# planning a proposal: quick, sync, looks at the pool only
# -------------------------------------------------------------------------


@hookspec(firstresult=True)
def gepa_merge_candidates(pool: Pool, number: int, rng: Random) -> Merge | None:
    """Make proposal ``number`` a merge of two candidates, or decline.

    Called once for each proposal, first of all. The default merges as the paper's Algorithms 3 and 4
    after each acceptance, five times at most. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals committed so far.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        The merge to try; None for no merge, which makes the proposal a mutation.
    """


@hookspec(firstresult=True)
def gepa_select_parent(pool: Pool, number: int, rng: Random) -> Member | None:
    """Choose the candidate to mutate.

    Called once for each mutation. The default samples the Pareto frontier by frequency (the paper's
    Algorithm 2). Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals committed so far.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        A member of the pool; None to leave the choice to the next plugin.
    """


@hookspec(firstresult=True)
def gepa_sample_examples(pool: Pool, parent: Member, number: int, rng: Random) -> Sequence[Example] | None:
    """Choose the minibatch of training examples for a mutation.

    Called once for each mutation, after the parent is known. The default walks through the training set
    in epochs, shuffled anew for each, three at a time. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals committed so far; ``pool.train`` is the training set.
        parent: the candidate that will be mutated.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        Examples of ``pool.train``, each at most once; an empty sequence skips the proposal; None leaves
        the choice to the next plugin.
    """


@hookspec(firstresult=True)
def gepa_select_components(
    pool: Pool, parent: Member, outcomes: Sequence[Outcome], number: int, rng: Random
) -> Sequence[str] | None:
    """Choose which components of the parent to rewrite.

    Called once for each mutation, after the parent ran on the minibatch. The default takes one
    component in turn along the parent's lineage. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals that could be seen when the proposal was planned.
        parent: the candidate that is mutated.
        outcomes: the parent's outcomes on the minibatch, in its order.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        Names of components, each once; an empty sequence skips the proposal; None leaves the choice to
        the next plugin.
    """


# -------------------------------------------------------------------------
# running: may be slow, may be sync (run on a worker thread) or async
# -------------------------------------------------------------------------


@hookspec(firstresult=True)
def gepa_capture_trajectory(
    system: System, candidate: Candidate, example: Example
) -> Rollout | Awaitable[Rollout] | None:
    """Run a candidate on one example and capture what it did.

    Called once for each attempt at a rollout that is not already known, concurrently. The default lets
    the adapter run the app. Stops at the first result that is not None. A wrapper
    (``@hookimpl(wrapper=True)``) is given what the inner implementation returned, which for the default
    is an awaitable, and may return another awaitable.

    Args:
        system: the wrapped app.
        candidate: the texts to run it with.
        example: the example; its ``inputs`` go into the app.

    Returns:
        The rollout; None to leave the run to the next plugin.
    """


@hookspec(firstresult=True)
def gepa_give_feedback(example: Example, rollout: Rollout) -> Feedback | Awaitable[Feedback] | None:
    """Score the output of a rollout that did not fail.

    Called once for each such rollout, concurrently. The default calls the user's metric. Stops at the
    first result that is not None.

    Args:
        example: the example; its ``data`` is the user's own row.
        rollout: output and trajectory.

    Returns:
        The feedback; None to leave it to the next plugin.
    """


@hookspec(firstresult=True)
def gepa_propose_texts(request: MutationRequest) -> Mapping[str, str] | Awaitable[Mapping[str, str]] | None:
    """Write new texts for the chosen components.

    Called once for each mutation that got so far. The default reflects with a language model. Calls
    through ``request.model`` are stored, counted and retried by the engine. Stops at the first result
    that is not None.

    Args:
        request: parent, components, outcomes on the minibatch, the model, the problems of a text.

    Returns:
        New text by component name; None to leave it to the next plugin.

    Raises:
        ProposalDropped: no usable text can be had; the proposal ends there and says why.
    """


# -------------------------------------------------------------------------
# deciding: quick, sync
# -------------------------------------------------------------------------


@hookspec(firstresult=True)
def gepa_accept_candidate(
    pool: Pool, kind: str, before: Sequence[float], after: Sequence[float]
) -> bool | None:
    """Decide whether a new candidate is worth validating.

    Called once for each candidate that was tested. The default accepts a mutation that is strictly
    better in sum than its parent, and a merge that is at least as good as the better parent. Stops at
    the first result that is not None.

    Args:
        pool: the candidates, scores and proposals that could be seen when the proposal was planned.
        kind: ``"mutation"`` or ``"merge"``.
        before: the parent's scores on the tested examples (of the better parent, for a merge).
        after: the new candidate's scores on the same examples, in the same order.

    Returns:
        True to go on to validation, False to reject, None to leave it to the next plugin.
    """


@hookspec(firstresult=True)
def gepa_next_validation(
    pool: Pool, scores: Mapping[str, float], number: int, rng: Random
) -> Sequence[Example] | None:
    """Choose which validation examples a new candidate runs next, or stop.

    Called for each accepted candidate until it returns an empty sequence. The default asks for all that
    have not run. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals that could be seen when the proposal was planned;
            ``pool.val`` is the validation set.
        scores: the candidate's validation scores so far, by example id.
        number: the proposal's number; 0 for the seed.
        rng: generator for this decision.

    Returns:
        Examples of ``pool.val`` that have not run; empty when that was enough; None to leave it to the
        next plugin.
    """


@hookspec
def gepa_stop_reason(pool: Pool) -> str | None:
    """Say why the run should plan no further proposal, if it should not.

    Called before each proposal is planned; every plugin is asked every time, and the first reason
    counts. The defaults stop at a perfect score and when the run has stalled. The budget is kept by the
    engine itself.

    Args:
        pool: the candidates, scores and proposals committed so far.

    Returns:
        The reason, a sentence for people; None to go on.
    """


# -------------------------------------------------------------------------
# observing
# -------------------------------------------------------------------------


@hookspec
def gepa_notify(event: Event) -> None:
    """Hear what happens. Every plugin is told; one that raises is logged and passed over.

    Called on the event loop's thread for each event of `gepa_core.events`; must return quickly.

    Args:
        event: what happened.
    """
