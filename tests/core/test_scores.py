"""Scores that are held for each candidate: a mapping like any other, in the room of the numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.scores import Packing

ROWS = st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False), max_size=6)


@given(st.lists(ROWS, max_size=4))
def test_packed_scores_are_the_mapping_that_they_were_made_of(rows: list[dict[str, float]]) -> None:
    """Keys, values and their order, whatever was packed before."""
    packing = Packing()
    for row in rows:
        packed = packing.pack(row)
        assert isinstance(packed, Mapping)
        assert packed == row
        assert list(packed.items()) == list(row.items())
        assert list(packed.values()) == list(row.values())
        assert [packed[id_] for id_ in row] == list(row.values())
        assert repr(packed) == repr(row)
        assert len(packed) == len(row)
        with pytest.raises(KeyError):
            packed["no such example"]


def test_candidates_that_ran_the_same_examples_share_what_finds_their_scores() -> None:
    """So each of them takes eight bytes for a score."""
    packing = Packing()
    one, other = (packing.pack({str(place): float(place + more) for place in range(1000)}) for more in (0, 1))
    assert one._places is other._places
    assert one._values.buffer_info()[1] * one._values.itemsize == 8000
