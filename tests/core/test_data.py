"""Rows as examples: what is input, what is expected, and what makes two of them equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gepa_core import Example
from gepa_core.data import as_examples, shared_content
from gepa_core.errors import DataError


@pytest.mark.parametrize(
    ("row", "inputs", "expected"),
    [
        ("a question", "a question", None),
        (("a question", 4), "a question", 4),
        ({"inputs": {"q": 1}, "expected": 2, "level": "hard"}, {"q": 1}, 2),
        ({"input": "q"}, "q", None),
        ({"q": 1, "lang": "en", "expected": 2}, {"q": 1, "lang": "en"}, 2),
        (["a", "b"], ["a", "b"], None),
        (("a", "b", "c"), ("a", "b", "c"), None),
    ],
)
def test_shapes_of_rows(row: Any, inputs: Any, expected: Any) -> None:
    """Pairs, mappings with or without ``inputs``, and anything else; the metric gets the row itself."""
    (example,) = as_examples([row], "val")
    assert (example.inputs, example.expected, example.split) == (inputs, expected, "val")
    assert example.data is row


def test_an_example_stays_what_it_is_but_for_the_split() -> None:
    """The metric gets the example, or the data that it carries."""
    plain, carrying = Example(inputs=1), Example(inputs=2, data={"gold": 3}, id="mine")
    one, other = as_examples([plain, carrying], "test")
    assert (one.data, one.split) == (plain, "test")
    assert (other.data, other.id) == ({"gold": 3}, "mine")


def test_equal_rows_are_refused_and_ids_tell_them_apart() -> None:
    """A row that stands there twice would be scored once and counted twice."""
    with pytest.raises(DataError, match="train examples 0 and 2 are equal"):
        as_examples([{"q": 1, "r": 2}, {"q": 2}, {"r": 2, "q": 1}], "train")
    twice = as_examples([Example(inputs=1, id="1"), Example(inputs=1, id="2")], "train")
    assert [example.id for example in twice] == ["1", "2"]


HAYSTACK = "hay " * 50_000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{HAYSTACK}needle 1{HAYSTACK}", f"{HAYSTACK}needle 2{HAYSTACK}"),
        (list(range(3000)), [*range(2999), 0]),
        (np.arange(3000), np.arange(3000)[::-1]),
        ("data:image/png;base64,AAAA", "data:image/png;base64,BBBB"),
        ({str(n): n for n in range(3000)}, {str(n): n % 2999 for n in range(3000)}),
        ([[n] * 30 for n in range(900)], [[n] * 30 for n in range(899)] + [[0] * 30]),
        (1, "1"),
        ({1, 2}, {1, 3}),
        (None, "None"),
    ],
)
def test_rows_are_equal_only_if_all_of_them_is(one: Any, other: Any) -> None:
    """Long documents, arrays and inlined images that differ deep inside are different examples."""
    assert len(as_examples([[one], [other]], "train")) == 2


def test_an_object_without_content_is_refused() -> None:
    """Its id could be told from no other's; the same row with an id of its own is fine."""

    class Opaque:
        pass

    for row in (Opaque(), {"inputs": [Opaque()]}, object()):
        with pytest.raises(DataError, match="val example 0 cannot be told from others"):
            as_examples([row], "val")
    assert as_examples([Example(inputs=Opaque(), id="x")], "val")[0].id == "x"


@pytest.mark.parametrize("bad", [7, None, b"x", "half \ud800"])
def test_an_id_has_to_be_a_text_that_can_be_stored(bad: Any) -> None:
    """A number would come back from the store as another id."""
    with pytest.raises(DataError, match="train example 1 has the id"):
        as_examples([1, Example(inputs=2, id=bad)], "train")


def test_a_mapping_with_nothing_to_run_on_is_refused() -> None:
    """An expectation alone is no input."""
    with pytest.raises(DataError, match="nothing to run the app on"):
        as_examples([{"expected": 1}], "train")


def test_shared_content_is_counted_across_splits() -> None:
    """Train and validation may overlap; the run warns with the number."""
    assert shared_content(as_examples([1, 2, 3], "train"), as_examples([3, 4, 2], "val")) == 2
    assert as_examples(None, "test") == ()
