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

# --- set-up --------------------------------------------------------------


@hookspec
def gepa_configure(pool: Pool, run_dir: str) -> None:
    """Get ready for a run.

    Called once, before the seed is run or a stored run is read back. Every plugin is called; built in is
    that reflection learns where images are kept. An error ends the run before anything is spent.

    Args:
        pool: knows components and data; no candidate is in it yet.
        run_dir: where the run is stored; a plugin may keep files of its own beside the store.

    Examples:
        ```python
        @hookimpl
        def gepa_configure(self, run_dir):
            Path(run_dir, "notes.txt").touch()
        ```
    """


@hookspec
def gepa_unconfigure(pool: Pool, reason: str) -> None:
    """Tidy up after a run.

    Called once when the run is over, also when it ended by an error. Every plugin is called, unless its
    own `gepa_configure` did not succeed; one that raises is logged and passed over.

    Args:
        pool: the pool as the run left it; empty when the seed was never scored.
        reason: why the run ended, ``"an error"`` when an error is on its way to the caller.

    Examples:
        ```python
        @hookimpl
        def gepa_unconfigure(self, reason):
            print(f"over: {reason}")
        ```
    """


# --- planning a proposal: looks at the pool only; quick and sync, but for merges, which may be slow ---


@hookspec(firstresult=True)
def gepa_merge_candidates(pool: Pool, number: int, rng: Random) -> Merge | Awaitable[Merge | None] | None:
    """Make proposal ``number`` a merge of two candidates, or decline.

    Called for each proposal but the seed, first of all; once more when the budget made its plan wait for
    proposals in flight. The default merges as the paper's Algorithms 3 and 4 after each acceptance, five
    times at most. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals committed so far.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        The merge to try. None leaves it to the next plugin, and when all have declined the proposal is a
        mutation.

    Examples:
        ```python
        @hookimpl
        def gepa_merge_candidates(self, pool, number):
            if number % 5 or len(pool.members) < 3:
                return None
            one, other = pool.members[1], pool.members[2]
            texts = {**other.candidate.texts, "plan": one.candidate.texts["plan"]}
            return Merge(parents=(1, 2), ancestor=0, texts=texts, examples=tuple(one.scores))
        ```
    """


@hookspec(firstresult=True)
def gepa_select_parent(pool: Pool, number: int, rng: Random) -> Member | None:
    """Choose the candidate to mutate.

    Called for each mutation, when it is planned. The default samples the Pareto frontier by frequency
    (the paper's Algorithm 2). Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals committed so far.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        A member of the pool; None to leave the choice to the next plugin.

    Examples:
        ```python
        @hookimpl
        def gepa_select_parent(self, pool):
            return pool.best
        ```
    """


@hookspec(firstresult=True)
def gepa_sample_examples(pool: Pool, parent: Member, number: int, rng: Random) -> Sequence[Example] | None:
    """Choose the minibatch of training examples for a mutation.

    Called for each mutation, after the parent is known. The default walks through the training set in
    epochs, shuffled anew for each, three at a time. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals committed so far; ``pool.train`` is the training set.
        parent: the candidate that will be mutated.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        Examples of ``pool.train``, each at most once; an empty sequence skips the proposal; None leaves
        the choice to the next plugin.

    Examples:
        ```python
        @hookimpl
        def gepa_sample_examples(self, pool, rng):
            return rng.sample(pool.train, min(5, len(pool.train)))
        ```
    """


@hookspec(firstresult=True)
def gepa_select_components(
    pool: Pool, parent: Member, outcomes: Sequence[Outcome], number: int, rng: Random
) -> Sequence[str] | None:
    """Choose which components of the parent to rewrite.

    Called once for each mutation whose parent ran on the minibatch and was not perfect there. The default
    takes one that reaches a model, in turn along a lineage. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals that could be seen when the proposal was planned.
        parent: the candidate that is mutated.
        outcomes: the parent's outcomes on the minibatch, in its order.
        number: the proposal's number.
        rng: generator for this decision.

    Returns:
        Names of components, each once; an empty sequence skips the proposal; None leaves the choice to
        the next plugin.

    Examples:
        ```python
        @hookimpl
        def gepa_select_components(self, pool):
            return pool.live
        ```
    """


# --- running: may be slow, may be sync (run on a worker thread) or async ---


@hookspec(firstresult=True)
def gepa_capture_trajectory(
    system: System, candidate: Candidate, example: Example
) -> Rollout | Awaitable[Rollout] | None:
    """Run a candidate on one example and capture what it did.

    Called once for each attempt at a rollout that is not already known, concurrently. The default lets
    the adapter run the app. Stops at the first result that is not None.

    Args:
        system: the wrapped app.
        candidate: the texts to run it with.
        example: the example; its ``inputs`` go into the app.

    Returns:
        The rollout, with the app's own error in it if it failed; None to leave the run to the next
        plugin.

    Raises:
        InfrastructureFault: something that passes stood in the way; the engine tries again.

    Examples:
        ```python
        @hookimpl(wrapper=True)
        def gepa_capture_trajectory(self, example):
            rollout = yield  # to be awaited: nothing has run yet
            return self.timed(example.id, rollout)

        async def timed(self, example, rollout):
            began = time.monotonic()
            result = await rollout
            print(example, time.monotonic() - began)
            return result
        ```
    """


@hookspec(firstresult=True)
def gepa_give_feedback(example: Example, rollout: Rollout) -> Feedback | Awaitable[Feedback] | None:
    """Score the output of a rollout that did not fail.

    Called once for each such rollout, concurrently; again after an infrastructure fault. The default
    calls the user's metric. Stops at the first result that is not None.

    Args:
        example: the example; its ``data`` is the user's own row.
        rollout: output and trajectory.

    Returns:
        The feedback; None to leave it to the next plugin.

    Raises:
        InfrastructureFault: something that passes stood in the way; the engine tries again.

    Examples:
        ```python
        @hookimpl
        def gepa_give_feedback(self, rollout):
            return None if rollout.output else Feedback(0.0, "there is no output")
        ```
    """


@hookspec
def gepa_redact_outcome(outcome: Outcome, example: Example) -> Outcome | None:
    """Take out of a rollout what must not be stored or shown to the reflection model.

    Called once for each rollout that was made, before anything of it is stored; must be quick. Every plugin
    is asked, with what the one before it returned. The default hides keys, tokens, passwords and headers.

    Args:
        outcome: output, trajectory, failure and feedback.
        example: the example that it came of.

    Returns:
        The outcome with other texts in it; what it is known by, what it scored and what it used have to
        stay. None leaves it as it is.

    Examples:
        ```python
        @hookimpl
        def gepa_redact_outcome(self, outcome):
            return attrs.evolve(outcome, output="(kept out)") if outcome.failure is None else None
        ```
    """


@hookspec(firstresult=True)
def gepa_propose_texts(request: MutationRequest) -> Mapping[str, str] | Awaitable[Mapping[str, str]] | None:
    """Write new texts for the chosen components.

    Called once for each mutation that got so far. The default reflects with a language model. The engine
    stores, counts and retries calls of ``request.model``. Stops at the first result that is not None.

    Args:
        request: parent, components, outcomes on the minibatch, the model, the problems of a text.

    Returns:
        New text by component name; None to leave it to the next plugin.

    Raises:
        ProposalDropped: no usable text can be had; the proposal ends there and says why.

    Examples:
        ```python
        @hookimpl
        def gepa_propose_texts(self, request):
            return {component.name: f"{component.text} Be brief." for component in request.components}
        ```
    """


# --- deciding: quick, sync -----------------------------------------------


@hookspec(firstresult=True)
def gepa_accept_candidate(
    pool: Pool, kind: str, before: Sequence[float], after: Sequence[float]
) -> bool | None:
    """Decide whether a new candidate is worth validating.

    Called for each candidate that was tested. The default accepts a mutation of a greater sum, and a merge
    at least as good as its better parent. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals that could be seen when the proposal was planned.
        kind: ``"mutation"`` or ``"merge"``; ``"merge"`` also for an accepted mutation that was rebased.
        before: the parent's scores on the tested examples; of the better parent for a merge, and of the
            mutation as it was for one that was rebased.
        after: the new candidate's scores on the same examples, in the same order.

    Returns:
        True to go on to validation, False to reject, None to leave it to the next plugin.

    Examples:
        ```python
        @hookimpl
        def gepa_accept_candidate(self, before, after):
            return False if min(after) < min(before) else None
        ```
    """


@hookspec(firstresult=True)
def gepa_next_validation(
    pool: Pool, scores: Mapping[str, float], number: int, rng: Random
) -> Sequence[Example] | None:
    """Choose which validation examples a new candidate runs next, or stop.

    Called for the seed and each accepted candidate until it returns an empty sequence. The default asks
    for all that have not run. Stops at the first result that is not None.

    Args:
        pool: the candidates, scores and proposals that could be seen when the proposal was planned;
            ``pool.val`` is the validation set.
        scores: the candidate's validation scores so far, by example id.
        number: the proposal's number; 0 for the seed.
        rng: generator for this decision.

    Returns:
        Examples of ``pool.val`` that have not run; empty when that was enough; None to leave it to the
        next plugin.

    Examples:
        ```python
        @hookimpl
        def gepa_next_validation(self, pool, scores):
            return [example for example in pool.val[:8] if example.id not in scores]
        ```
    """


@hookspec
def gepa_stop_reason(pool: Pool) -> str | None:
    """Say why the run should plan no further proposal, if it should not.

    Called before each proposal but the seed is planned. Every plugin is asked every time, and the first
    reason counts. The defaults stop at a perfect score and when the run has stalled. The budget is kept
    by the engine itself.

    Args:
        pool: the candidates, scores and proposals committed so far.

    Returns:
        The reason, a sentence for people; None to go on.

    Examples:
        ```python
        @hookimpl
        def gepa_stop_reason(self, pool):
            return "there are ten candidates" if len(pool.members) >= 10 else None
        ```
    """


# --- observing -----------------------------------------------------------


@hookspec
def gepa_notify(event: Event) -> None:
    """Hear what happens.

    Called on the event loop's thread for each event of `gepa_core.events`; must return quickly. Every
    plugin is told; one that raises is logged and passed over.

    Args:
        event: what happened.

    Examples:
        ```python
        @hookimpl
        def gepa_notify(self, event):
            if isinstance(event, Warned):
                print(event.message)
        ```
    """
