"""Sets of numbers as bit masks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gepa_core.bits import mask_of, places_of


@given(st.sets(st.integers(0, 300)))
def test_a_mask_is_the_sum_of_its_bits_and_tells_them_in_order(places: set[int]) -> None:
    """Whatever the order in which they were given, and for none."""
    mask = mask_of(list(places))
    assert mask == sum(2**place for place in places)
    assert list(places_of(mask)) == sorted(places)
