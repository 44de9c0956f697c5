"""Values: names by content, usage that stays unknown, feedback that is checked where it is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core import Candidate, Component, Feedback, Usage
from gepa_core.types import content_id
from tests.core.steady import steady

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TEXTS = st.dictionaries(st.text(min_size=1), st.text(st.characters()), min_size=1, max_size=5)
COUNTS = st.integers(0, 1000)
USAGES = st.builds(
    Usage,
    calls=COUNTS,
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    dollars=st.floats(0, 10),
    unmetered=COUNTS,
    unpriced=COUNTS,
)


@steady
@given(TEXTS, st.randoms(use_true_random=False))
def test_a_candidate_is_known_by_its_texts_in_any_order(texts: dict[str, str], rng: Any) -> None:
    """Equal texts, given in another order, make an equal candidate with an equal id."""
    items = list(texts.items())
    rng.shuffle(items)
    one, other = Candidate(texts=texts), Candidate(texts=dict(items))
    assert one == other
    assert one.id == other.id


@steady
@given(TEXTS, st.data())
def test_another_text_is_another_candidate(texts: dict[str, str], data: st.DataObject) -> None:
    """A change of one character changes the id; changing it back gives the old one."""
    name = data.draw(st.sampled_from(sorted(texts)))
    candidate = Candidate(texts=texts)
    changed = candidate.with_texts({name: texts[name] + "."})
    assert changed.id != candidate.id
    assert changed.with_texts({name: texts[name]}).id == candidate.id


@steady
@given(JSON)
def test_a_content_id_survives_json(value: Any) -> None:
    """What was written and read back has the same name."""
    assert content_id(json.loads(json.dumps(value))) == content_id(value)


def test_content_ids_are_the_same_in_every_process() -> None:
    """Ids do not depend on the hash seed of the process, nor on the order of keys and sets."""
    code = (
        "from gepa_core.data import as_examples;from gepa_core import Candidate;"
        "rows=[{'q': {'z','a','m'}, 'b': 1}, {'b': {3: 1, 2: 2}, 'a': None}];"
        "print([e.id for e in as_examples(rows,'val')], Candidate(texts={'b':'1','a':'2'}).id)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(printed) == 1
    assert Candidate(texts={"a": "2", "b": "1"}).id in printed.pop()


@steady
@given(st.lists(USAGES, min_size=1, max_size=6))
def test_adding_usage_never_turns_unknown_into_known(usages: list[Usage]) -> None:
    """Unmetered and unpriced calls add up; a sum is complete only if each part is."""
    added = sum(usages, Usage())
    assert added.unmetered == sum(one.unmetered for one in usages)
    assert added.unpriced == sum(one.unpriced for one in usages)
    assert added.calls == sum(one.calls for one in usages)
    assert added.tokens == sum(one.input_tokens + one.output_tokens for one in usages)
    assert added.dollars == sum(one.dollars for one in usages)


def test_a_components_variables() -> None:
    """Placeholders are kept verbatim and in order; variables are their names, each once."""
    component = Component(name="c", text="{b} then {a} then {b:>3} and {b}", syntax="braces")
    assert component.placeholders == ("{b}", "{a}", "{b:>3}")
    assert component.variables == ("b", "a")


@pytest.mark.parametrize(
    ("given_", "score"),
    [
        (True, 1.0),
        (False, 0.0),
        (1, 1.0),
        (-3, -3.0),
        (np.float32(0.5), 0.5),
        (np.int64(2), 2.0),
        (np.bool_(True), 1.0),
        (Decimal("0.25"), 0.25),
    ],
)
def test_any_number_is_a_score_and_becomes_a_float(given_: Any, score: float) -> None:
    """So that a score is the same before and after it was stored."""
    feedback = Feedback(given_, objectives={"x": given_})
    assert (feedback.score, feedback.objectives["x"]) == (score, score)
    assert (type(feedback.score), type(feedback.objectives["x"])) == (float, float)


@pytest.mark.parametrize("bad", [None, "1", b"1", float("nan"), float("inf"), 10**400, [1.0], 1j, object()])
def test_a_score_has_to_be_a_finite_number(bad: Any) -> None:
    """Anything else is refused where it is made, by the name of the field."""
    with pytest.raises(ValueError, match=r"score must be a finite number"):
        Feedback(bad)
    with pytest.raises(ValueError, match=r"objectives\['speed'\] must be a finite number"):
        Feedback(0.5, objectives={"speed": bad})


def test_texts_of_a_feedback_have_to_be_texts() -> None:
    """None counts as no text; other types are refused, since they would come back as another value."""
    assert Feedback(0.5, None).text == ""
    with pytest.raises(ValueError, match="text must be a text, not 7"):
        Feedback(0.5, 7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"by_component\['a'\] must be a text"):
        Feedback(0.5, by_component={"a": ["x"]})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="by_component must be a mapping from names"):
        Feedback(0.5, by_component={1: "x"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="objectives must be a mapping from names"):
        Feedback(0.5, objectives=[1.0])  # type: ignore[arg-type]
