"""Pools as the engine makes them: random proposals, folded one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import attrs
from hypothesis import strategies as st

from gepa_core.pool import Pool
from gepa_core.state import Member, State
from gepa_core.testing.strategies.values import scores
from gepa_core.testing.toy import TOY_COMPONENTS
from gepa_core.types import Candidate, Component, Example, Proposal, Split, Usage

Status: TypeAlias = Literal["accepted", "rejected", "skipped", "dropped"]

_WORDS: dict[Status, str] = {"skipped": "solved", "dropped": "unchanged", "rejected": "worse", "accepted": ""}
_FATES: tuple[Status, ...] = ("accepted", "accepted", "rejected", "rejected", "skipped", "dropped")
_RULES = ("r0", "r1", "s2", "Answer briefly.", 'Answer as {"a": 1}.', "日本語")


def examples(split: Split, size: int) -> tuple[Example, ...]:
    """``size`` examples of a split: numbers, which the toy app takes."""
    first = {"train": 0, "val": 100, "test": 200}[split]
    return tuple(
        Example(inputs=first + number, data=first + number, id=f"{split}-{number}", split=split)
        for number in range(size)
    )


@st.composite
def states(
    draw: st.DrawFn,
    components: Sequence[Component] = TOY_COMPONENTS,
    *,
    min_proposals: int = 1,
    max_proposals: int = 8,
) -> State:
    """States of a run after some commits, the seed's included.

    Args:
        components: of the system.
        min_proposals: commits at least.
        max_proposals: commits at most.
    """
    state = State(
        components=tuple(components),
        train=examples("train", draw(st.integers(1, 6))),
        val=examples("val", draw(st.integers(1, 5))),
        seed=draw(st.integers(0, 3)),
        perfect_score=draw(st.sampled_from([1.0, 1.0, None])),
    )
    for _ in range(draw(st.integers(min_proposals, max_proposals))):
        state.apply(draw(proposals(state)))
    return state


@st.composite
def pools(
    draw: st.DrawFn,
    components: Sequence[Component] = TOY_COMPONENTS,
    *,
    min_proposals: int = 1,
    max_proposals: int = 8,
) -> Pool:
    """Views of random states, the newest or, as with proposals in flight, an older one."""
    state = draw(states(components, min_proposals=min_proposals, max_proposals=max_proposals))
    committed = draw(st.just(state.committed) | st.integers(min_proposals - 1, state.committed))
    return Pool(state, committed, merges_under_way=draw(st.sampled_from([0, 0, 1])))


@st.composite
def proposals(draw: st.DrawFn, state: State | None = None) -> Proposal:
    """The next proposal that can be committed to ``state``: the seed's, a mutation or a merge.

    Args:
        state: what was committed before; a new run of the toy app by default.
    """
    if state is None:
        state = draw(states(max_proposals=3))
    if not state.proposals:
        return _seed(draw, state)
    pairs = _mergeable(state)
    if pairs and draw(st.integers(0, 3)) == 0:
        return _merge(draw, state, draw(st.sampled_from(pairs)))
    return _mutation(draw, state)


def _seed(draw: st.DrawFn, state: State) -> Proposal:
    names = tuple(one.name for one in state.components)
    live = draw(st.lists(st.sampled_from(names), min_size=1, unique=True).map(sorted))
    return _accepted(
        draw,
        state,
        Proposal(
            number=0,
            kind="seed",
            status="accepted",
            components=tuple(name for name in names if name in live),
            texts={one.name: one.text for one in state.components},
            rollouts={"seed": len(state.val)},
        ),
    )


def _mutation(draw: st.DrawFn, state: State) -> Proposal:
    parent = draw(st.sampled_from(state.members))
    status: Status = draw(st.sampled_from(_FATES))
    train = [example.id for example in state.train]
    batch = tuple(draw(st.lists(st.sampled_from(train), min_size=1, max_size=3, unique=True)))
    name = draw(st.sampled_from(state.proposals[0].components))
    ran = status in ("accepted", "rejected")
    proposal = Proposal(
        number=len(state.proposals),
        kind="mutation",
        seen=state.committed,
        parents=(parent.index,),
        components=() if status == "skipped" else (name,),
        examples=batch,
        before=_scores(draw, batch),
        after=_scores(draw, batch) if ran else (),
        texts=_mutated(draw, parent, name) if ran else None,
        status=status,
        reason=_WORDS[status],
        rollouts={"parent": len(batch)} | ({"child": len(batch)} if ran else {}),
        reflections=0 if status == "skipped" else 1,
        reflection_usage=Usage() if status == "skipped" else Usage(calls=1, unmetered=1, unpriced=1),
    )
    return _settled(draw, state, proposal)


def _merge(draw: st.DrawFn, state: State, pair: tuple[int, int, int]) -> Proposal:
    one, other, ancestor = pair
    names = [component.name for component in state.components]
    taken = {name: draw(st.sampled_from((one, other))) for name in names}
    both = [id_ for id_ in state.members[one].scores if id_ in state.members[other].scores]
    tested = tuple(draw(st.lists(st.sampled_from(both), min_size=1, max_size=5, unique=True)))
    status: Status = draw(st.sampled_from(_FATES[1:3]))
    proposal = Proposal(
        number=len(state.proposals),
        kind="merge",
        seen=state.committed,
        parents=(one, other),
        ancestor=ancestor,
        examples=tested,
        before=_scores(draw, tested),
        after=_scores(draw, tested),
        texts={name: state.members[taken[name]].candidate.texts[name] for name in names},
        status=status,
        reason=_WORDS[status],
        rollouts={"merge": len(tested)},
    )
    return _settled(draw, state, proposal)


def _settled(draw: st.DrawFn, state: State, proposal: Proposal) -> Proposal:
    """No candidate is in the pool twice: equal texts are dropped, as the engine does."""
    if proposal.texts is None:
        return proposal
    if Candidate(texts=proposal.texts).id in state.known:
        return attrs.evolve(
            proposal, status="dropped", reason="duplicate", after=(), rollouts={}, components=()
        )
    return _accepted(draw, state, proposal) if proposal.status == "accepted" else proposal


def _accepted(draw: st.DrawFn, state: State, proposal: Proposal) -> Proposal:
    every = [example.id for example in state.val]
    some = st.lists(st.sampled_from(every), min_size=1, unique=True).map(
        lambda chosen: [id_ for id_ in every if id_ in chosen]
    )
    ran = draw(st.just(every) | st.just(every) | some)
    given = _scores(draw, ran)
    objectives: dict[str, dict[str, float]] = (
        {id_: {"speed": draw(scores())} for id_ in ran} if draw(st.booleans()) else {}
    )
    rollouts = {**proposal.rollouts, "validation": len(ran)}
    return attrs.evolve(
        proposal,
        scores=dict(zip(ran, given, strict=True)),
        objectives=objectives,
        rollouts=rollouts if proposal.kind != "seed" else {"seed": len(ran)},
    )


def _mutated(draw: st.DrawFn, parent: Member, name: str) -> dict[str, str]:
    rule = draw(st.sampled_from(_RULES))
    return {**parent.candidate.texts, name: f"{parent.candidate.texts[name]} {rule}"}


def _scores(draw: Any, ids: Sequence[str]) -> tuple[float, ...]:
    return tuple(draw(scores()) for _ in ids)


def _mergeable(state: State) -> list[tuple[int, int, int]]:
    """Pairs of members that are no relatives and have validated on a common example, with an ancestor."""
    pool = Pool(state)
    return [
        (one, other, pool.common_ancestors(one, other)[-1])
        for other in range(len(state.members))
        for one in range(other)
        if not pool.are_related(one, other)
        and set(state.members[one].scores) & set(state.members[other].scores)
    ]
