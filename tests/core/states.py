"""Building states by hand: proposals as an engine would commit them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gepa_core import Component
from gepa_core.data import as_examples
from gepa_core.pool import Pool
from gepa_core.state import State
from gepa_core.types import Proposal

NAMES = ("a", "b", "c")
SEED = dict.fromkeys(NAMES, "0")


def new_state(train: int = 6, val: int = 4, **changes: Any) -> State:
    """An empty state with three components."""
    arguments: dict[str, Any] = {
        "components": tuple(Component(name=name, text="0") for name in NAMES),
        "train": as_examples(range(train), "train"),
        "val": as_examples(range(100, 100 + val), "val"),
        "seed": 0,
    }
    return State(**(arguments | changes))


def seed_proposal(state: State, scores: Sequence[float]) -> Proposal:
    """The seed with a score for each validation example."""
    return Proposal(
        number=0,
        kind="seed",
        status="accepted",
        components=NAMES,
        texts=SEED,
        scores={example.id: score for example, score in zip(state.val, scores, strict=True)},
        rollouts={"seed": len(scores)},
    )


def mutation(
    state: State,
    parent: int,
    changed: Mapping[str, str],
    scores: Sequence[float] | None,
    **changes: Any,
) -> Proposal:
    """A mutation of member ``parent``; accepted when it has scores, else rejected."""
    arguments: dict[str, Any] = {
        "number": len(state.proposals),
        "kind": "mutation",
        "status": "rejected" if scores is None else "accepted",
        "parents": (parent,),
        "components": tuple(changed),
        "texts": {**state.members[parent].candidate.texts, **changed},
        "scores": {}
        if scores is None
        else {example.id: score for example, score in zip(state.val, scores, strict=True)},
        "rollouts": {"child": 3},
    }
    return Proposal(**(arguments | changes))


def pool_of(scores: Sequence[float], *children: tuple[int, Mapping[str, str], Sequence[float]]) -> Pool:
    """A pool with a seed and accepted mutations: (parent, changed texts, scores) each."""
    state = new_state(val=len(scores))
    state.apply(seed_proposal(state, scores))
    for parent, changed, child_scores in children:
        state.apply(mutation(state, parent, changed, child_scores))
    return Pool(state)
