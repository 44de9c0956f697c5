"""Scores, trajectories and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from gepa_core.testing.strategies.texts import texts
from gepa_core.testing.toy import TOY_COMPONENTS
from gepa_core.types import Failure, Feedback, Json, Outcome, Split, Step, StepKind, Trajectory, Usage

_KINDS: tuple[StepKind, ...] = ("model", "model", "tool", "retrieval", "custom")


def scores() -> st.SearchStrategy[float]:
    """Finite scores, most of them from 0 to 1, with many ties; at times below zero or of another scale."""
    common = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    return common | st.floats(0, 1) | st.floats(-10, 10, allow_nan=False)


def _json() -> st.SearchStrategy[Json]:
    leaves: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-9, 9) | texts(max_size=30)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(max_size=8), inner, max_size=3),
        max_leaves=5,
    )


def _usages() -> st.SearchStrategy[Usage]:
    tokens = st.integers(0, 500)
    known = st.builds(Usage, calls=st.just(1), input_tokens=tokens, output_tokens=tokens)
    return known | st.just(Usage(calls=1, unmetered=1, unpriced=1))


@st.composite
def trajectories(
    draw: st.DrawFn, names: Sequence[str] = tuple(one.name for one in TOY_COMPONENTS)
) -> Trajectory:
    """Steps of all kinds, each inside of an earlier one or of none, attributed to some of ``names``."""
    kinds = draw(st.lists(st.sampled_from(_KINDS), max_size=4))
    steps = [
        Step(
            kind=kind,
            name=f"{kind}-{number % 2}",
            inputs=draw(_json()),
            output=draw(_json()),
            error=draw(st.sampled_from(["", "", "ValueError: no"])),
            usage=draw(_usages()) if kind == "model" else Usage(),
            seconds=draw(st.floats(0, 2)),
            parent=draw(st.none() | st.integers(0, number - 1)) if number else None,
            components=tuple(draw(st.lists(st.sampled_from(names), unique=True))) if names else (),
        )
        for number, kind in enumerate(kinds)
    ]
    return Trajectory(steps=tuple(steps))


@st.composite
def outcomes(
    draw: st.DrawFn,
    *,
    candidate: str = "0123456789abcdef",
    example: str = "fedcba9876543210",
    split: Split = "train",
    names: Sequence[str] = tuple(one.name for one in TOY_COMPONENTS),
) -> Outcome:
    """Outcomes of one candidate on one example: scored ones and failures.

    Args:
        candidate: the candidate's id.
        example: the example's id.
        split: the example's split.
        names: of components that steps and feedback may name.
    """
    by_component = draw(st.dictionaries(st.sampled_from(names), texts(max_size=40))) if names else {}
    failure = draw(st.none() | st.none() | st.just(Failure(type="ValueError", message="it broke")))
    feedback = Feedback(
        0.0 if failure else draw(scores()),
        "it broke" if failure else draw(texts(min_size=0, max_size=60)),
        objectives=draw(st.dictionaries(st.sampled_from(["speed", "style"]), scores())),
        by_component=by_component,
    )
    return Outcome(
        candidate=candidate,
        example=example,
        split=split,
        output=None if failure else draw(_json()),
        trajectory=draw(trajectories(names)),
        failure=failure,
        feedback=feedback,
        seconds=draw(st.floats(0, 5)),
        attempts=draw(st.integers(1, 3)),
    )
