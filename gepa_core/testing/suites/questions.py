"""Asking a plugin what a run would ask it, without a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from gepa_core.codec import encode, to_plain
from gepa_core.defaults.running import RunSystem, UserMetric
from gepa_core.guard import proposed_problems
from gepa_core.manager import PluginManager
from gepa_core.mutation import MutationRequest, Reflected
from gepa_core.pool import Pool
from gepa_core.presets import as_preset
from gepa_core.registration import HOOKS
from gepa_core.stages import Stages
from gepa_core.state import Member
from gepa_core.testing.strategies import pools, scores
from gepa_core.testing.suites.trial import settled
from gepa_core.testing.toy import toy_metric, toy_model
from gepa_core.types import Candidate, Example, Feedback, Merge, Outcome, Step, Trajectory, Usage
from gepa_core.workers import Workers


@attrs.frozen(kw_only=True, eq=False)
class Question:
    """A situation in which every hook that decides can be asked.

    Attributes:
        pool: what may be seen.
        number: the proposal's number.
        parent: a member of the pool.
        outcomes: of the parent on a minibatch.
        known: validation scores of a new candidate, by example id.
        kind: ``"mutation"`` or ``"merge"``.
        before: the parent's scores.
        after: the new candidate's.
    """

    pool: Pool
    number: int
    parent: Member
    outcomes: Sequence[Outcome]
    known: Mapping[str, float]
    kind: str
    before: Sequence[float]
    after: Sequence[float]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Situations in pools of all sorts."""
    pool = draw(pools(min_proposals=draw(st.sampled_from([1, 3, 6]))))
    parent = draw(st.sampled_from(list(pool.members)))
    batch = draw(st.lists(st.sampled_from(pool.train), min_size=1, max_size=3, unique_by=lambda one: one.id))
    ran = draw(st.lists(st.sampled_from([one.id for one in pool.val]), unique=True))
    pairs = draw(st.lists(st.tuples(scores(), scores()), min_size=1, max_size=4))
    return Question(
        pool=pool,
        number=pool.committed + draw(st.integers(1, 3)),
        parent=parent,
        outcomes=[_outcome(parent, one, draw(scores())) for one in batch],
        known={id_: draw(scores()) for id_ in ran},
        kind=draw(st.sampled_from(["mutation", "merge"])),
        before=[before for before, _ in pairs],
        after=[after for _, after in pairs],
    )


def _outcome(parent: Member, example: Example, score: float) -> Outcome:
    """What the toy app may have done; of a low score the feedback names components."""
    usage = Usage(calls=1, unmetered=1, unpriced=1)
    steps = (
        Step(kind="model", name="toy-task", inputs="Rules:", output="", usage=usage, components=("plan",)),
    )
    wanted = {"plan": "needs r1", "act": "needs s2"} if score < 0.5 else {}
    return Outcome(
        candidate=parent.candidate.id,
        example=example.id,
        split="train",
        output=1,
        trajectory=Trajectory(steps=steps),
        feedback=Feedback(score, "needed more", by_component=wanted),
    )


_ASK: Mapping[str, Callable[[Stages, Question], Any]] = {
    "gepa_merge_candidates": lambda stages, q: stages.merge(q.pool, q.number),
    "gepa_select_parent": lambda stages, q: stages.parent(q.pool, q.number).index,
    "gepa_sample_examples": lambda stages, q: _ids(stages.examples(q.pool, q.parent, q.number)),
    "gepa_select_components": lambda stages, q: stages.components(q.pool, q.parent, q.outcomes, q.number),
    "gepa_accept_candidate": lambda stages, q: stages.accept(q.pool, q.kind, q.before, q.after),
    "gepa_next_validation": lambda stages, q: _ids(stages.next_validation(q.pool, q.known, q.number)),
    "gepa_stop_reason": lambda stages, q: stages.stop_reason(q.pool),
}
DECIDING = tuple(_ASK)
"""Hooks that are quick and decide by what they are given."""


def hooks_of(plugin: Any) -> list[str]:
    """The hooks that ``plugin`` implements or wraps."""
    manager = PluginManager([plugin], {})
    return [hook for hook in HOOKS if manager.implementations(hook) or manager.wrappers(hook)]


def stages_with(plugin: Any) -> Stages:
    """The hooks of a run that has ``plugin``, with everything that is built in behind it."""
    workers = Workers()
    running = {"run": RunSystem(), "metric": UserMetric(metric=toy_metric, workers=workers)}
    return Stages(PluginManager([plugin], {**as_preset("default").plugins, **running}), workers)


def answers(stages: Stages, hooks: Sequence[str], question: Question) -> dict[str, Any]:
    """What the run would do in this situation, by hook, in a form that can be compared.

    Raises:
        PluginError: an answer cannot be used.
    """
    found = {hook: settled(_ASK[hook](stages, question)) for hook in hooks}
    return {hook: to_plain(one) if isinstance(one, Merge) else one for hook, one in found.items()}


def seen_of(pool: Pool) -> tuple[object, ...]:
    """All that can be seen in a pool, as text."""
    members = [(one.index, encode(one.candidate), one.parents, one.mean, one.turn) for one in pool.members]
    scores_ = [(dict(one.scores), encode(dict(one.objectives))) for one in pool.members]
    data = [[repr(example) for example in examples] for examples in (pool.train, pool.val)]
    about = (pool.best.index, pool.spent, pool.merges, pool.committed, list(pool.survivors().items()))
    return (*about, members, scores_, [encode(one) for one in pool.proposals], data, repr(pool.components))


def request(question: Question) -> MutationRequest:
    """A mutation of the question's parent: the first component, with the toy's reflection model."""
    pool, texts = question.pool, question.parent.candidate.texts
    own = {one.name: one for one in pool.components}
    current = [attrs.evolve(one, text=texts[one.name]) for one in pool.components]
    by_id = {example.id: example for example in pool.train}
    return MutationRequest(
        number=question.number,
        parent=question.parent.candidate,
        components=current[:1],
        all_components=current,
        minibatch=[Reflected(example=by_id[one.example], outcome=one) for one in question.outcomes],
        model=toy_model(),
        problems=lambda name, text: proposed_problems(own, [name], texts, {name: text}),
        rng=pool.rng("mutation", question.number),
    )


def plain_answer(answer: Any) -> Any:
    """A rollout's, feedback's or mutation's content, without what depends on the clock."""
    if isinstance(answer, Feedback):
        return to_plain(answer)
    if isinstance(answer, Mapping):
        return dict(answer)
    steps = tuple(attrs.evolve(step, seconds=0.0) for step in answer.trajectory.steps)
    return repr(answer.output), repr(answer.error), to_plain(Trajectory(steps=steps))


def candidate_of(question: Question) -> Candidate:
    """The parent's texts."""
    return question.parent.candidate


def _ids(examples: Sequence[Any]) -> list[str]:
    return [example.id for example in examples]
