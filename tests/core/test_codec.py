"""Everything that is stored survives a round trip through JSON."""

from __future__ import annotations

import json
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.codec import decode, encode, from_plain, to_plain
from gepa_core.protocols import Completion
from gepa_core.store import outcome_key
from gepa_core.store.bodies import body_of, outcome_in
from gepa_core.store.dictionaries import Dictionaries
from gepa_core.types import (
    LARGEST,
    Candidate,
    Component,
    Failure,
    Feedback,
    Merge,
    Outcome,
    Proposal,
    Spend,
    Step,
    Trajectory,
    Usage,
)
from tests.core.steady import steady

HALVES = st.sampled_from(["\ud800", "a\udfffb", "\x00", "\u2028", "🧵", '"\\', "", "{x}"])
TEXT = st.text(max_size=8) | HALVES
FINITE = st.floats(-LARGEST, LARGEST)
NUMBER = FINITE | st.sampled_from([LARGEST, -LARGEST, 5e-324, -0.0])
COUNT = st.integers(0, 10**18)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**4096), 2**4096) | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
USAGE = st.builds(
    Usage,
    calls=COUNT,
    input_tokens=COUNT,
    output_tokens=COUNT,
    dollars=st.floats(0, 1e12),
    unmetered=COUNT,
    unpriced=COUNT,
)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
STEP = st.builds(
    Step,
    kind=st.sampled_from(["model", "tool", "retrieval", "custom"]),
    name=TEXT,
    inputs=JSON,
    output=JSON,
    error=TEXT,
    usage=USAGE,
    seconds=NUMBER,
    parent=st.none() | COUNT,
    components=NAMES,
)
FEEDBACK = st.builds(
    Feedback,
    NUMBER,
    TEXT,
    objectives=st.dictionaries(TEXT, NUMBER, max_size=2),
    by_component=st.dictionaries(TEXT, TEXT, max_size=2),
)
OUTCOME = st.builds(
    Outcome,
    candidate=TEXT,
    example=TEXT,
    split=st.sampled_from(["train", "val", "test"]),
    draw=COUNT,
    output=JSON,
    trajectory=st.builds(Trajectory, steps=st.lists(STEP, max_size=2).map(tuple), kept=st.booleans()),
    failure=st.none() | st.builds(Failure, type=TEXT, message=TEXT),
    feedback=FEEDBACK,
    seconds=NUMBER,
    attempts=COUNT,
)
SCORES = st.dictionaries(TEXT, NUMBER, max_size=3)
PROPOSAL = st.builds(
    Proposal,
    number=COUNT,
    kind=st.sampled_from(["seed", "mutation", "merge"]),
    seen=st.integers(-1, 10),
    parents=st.lists(COUNT, max_size=2).map(tuple),
    components=NAMES,
    examples=NAMES,
    before=st.lists(NUMBER, max_size=3).map(tuple),
    after=st.lists(NUMBER, max_size=3).map(tuple),
    texts=st.none() | st.dictionaries(TEXT, TEXT, max_size=3),
    status=st.sampled_from(["accepted", "rejected", "skipped", "dropped"]),
    reason=TEXT,
    scores=SCORES,
    objectives=st.dictionaries(TEXT, SCORES, max_size=2),
    reserved=st.builds(Spend, rollouts=st.dictionaries(TEXT, COUNT, max_size=2), reflections=COUNT),
    rollouts=st.dictionaries(TEXT, COUNT, max_size=2),
    reused=COUNT,
    reflections=COUNT,
    usage=st.dictionaries(TEXT, USAGE, max_size=2),
    saved=USAGE,
    reflection_usage=USAGE,
    lost=USAGE,
    ancestor=st.none() | COUNT,
)
VALUES: dict[type[Any], st.SearchStrategy[Any]] = {
    Outcome: OUTCOME,
    Proposal: PROPOSAL,
    Completion: st.builds(Completion, text=TEXT, usage=USAGE, finish_reason=TEXT),
    Component: st.builds(
        Component,
        name=TEXT,
        text=TEXT,
        kind=TEXT,
        syntax=st.sampled_from(["plain", "braces", "mustache", "jinja2"]),
        role=TEXT,
        purpose=TEXT,
        source=TEXT,
        max_chars=st.none() | COUNT,
    ),
    Candidate: st.builds(Candidate, texts=st.dictionaries(TEXT, TEXT, max_size=3)),
    Merge: st.builds(
        Merge,
        parents=st.tuples(COUNT, COUNT),
        ancestor=COUNT,
        texts=st.dictionaries(TEXT, TEXT, max_size=3),
        examples=NAMES,
    ),
}


@steady
@given(st.data())
def test_values_survive_a_round_trip(data: st.DataObject) -> None:
    """Equal in every field, with the same spelling when written again, and in ASCII."""
    for cls, strategy in VALUES.items():
        value = data.draw(strategy)
        text = encode(value)
        again = decode(text, cls)
        assert again == value
        assert type(again) is cls
        assert encode(again) == text
        assert text.isascii()
        assert decode(encode(value), cls) == value
        assert from_plain(json.loads(json.dumps(to_plain(value))), cls) == value


@steady
@given(OUTCOME, st.booleans())
def test_outcomes_survive_being_stored_without_their_key(outcome: Outcome, is_short: bool) -> None:
    """Also those that are so short that they are not compressed."""
    if is_short:
        outcome = attrs.evolve(outcome, trajectory=Trajectory(), output=None)
    body, key = body_of(outcome), outcome_key(outcome)
    assert outcome_in(body, key) == outcome
    assert body.isascii()
    dictionaries = Dictionaries(lambda _candidate: None)
    for _ in range(2):  # the first may become the dictionary of the second
        assert dictionaries.decompress(dictionaries.compress(body, key[0]), key[0]) == body


def test_scores_keep_every_bit() -> None:
    """A float is read back as the same float, not as one that prints alike."""
    scores = {"a": 0.1 + 0.2, "b": 1e16 + 2, "c": 5e-324, "d": -0.0}
    again = decode(encode(Proposal(number=0, kind="seed", status="accepted", scores=scores)), Proposal)
    assert [score.hex() for score in again.scores.values()] == [score.hex() for score in scores.values()]


def test_what_json_does_not_know_is_written_as_it_would_be_shown() -> None:
    """A trajectory with an object in it costs the object and not the run."""
    outcome = Outcome(
        candidate="c",
        example="e",
        split="val",
        trajectory=Trajectory(steps=(Step(kind="tool", name="t", inputs={"at": {2, 1}}, output=(1, b"x")),)),  # type: ignore[dict-item]
        feedback=Feedback(1.0),
    )
    (step,) = decode(encode(outcome), Outcome).trajectory.steps
    assert step.inputs == {"at": [1, 2]}
    assert isinstance(step.output, list)
    assert str(step.output[1]).startswith("<1 bytes, sha256")
