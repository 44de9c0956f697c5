"""Cutting texts to a budget."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gepa_core.reflection.cutting import LEAST, cut, fair_limits

lengths_and_weights = st.lists(
    st.tuples(st.integers(min_value=0, max_value=5_000), st.sampled_from([0.5, 1.0, 3.0])), max_size=12
)


@given(st.text(max_size=3_000), st.integers(min_value=LEAST, max_value=2_000))
def test_a_cut_text_keeps_to_its_limit_and_says_what_is_missing(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert len(shown) <= limit
    if len(text) <= limit:
        assert shown == text
        return
    note = re.search(r"\n\[… ([\d,]+) characters cut …\]\n", shown)
    assert note is not None
    head, tail = shown[: note.start()], shown[note.end() :]
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) + int(note[1].replace(",", "")) == len(text)


def test_both_ends_of_a_long_text_are_kept() -> None:
    shown = cut("begin " + "x" * 4_000 + " end", 500)
    assert shown.startswith("begin ")
    assert shown.endswith(" end")
    assert re.search(r"… 3,\d\d\d characters cut …", shown)


@given(lengths_and_weights, st.integers(min_value=0, max_value=20_000))
def test_limits_are_fair(texts: list[tuple[int, float]], total: int) -> None:
    """Max-min fairness: within the total, and nobody is cut while another of its weight has more."""
    lengths, weights = [length for length, _ in texts], [weight for _, weight in texts]
    limits = fair_limits(lengths, weights, total)
    assert sum(limits) <= total
    assert all(limit <= length for limit, length in zip(limits, lengths, strict=True))
    for limit, length, weight in zip(limits, lengths, weights, strict=True):
        if limit < length:
            assert all(
                other / other_weight <= (limit + len(texts)) / weight + len(texts) / other_weight
                for other, other_weight in zip(limits, weights, strict=True)
            )


@given(lengths_and_weights)
def test_nothing_is_cut_that_need_not_be(texts: list[tuple[int, float]]) -> None:
    lengths, weights = [length for length, _ in texts], [weight for _, weight in texts]
    assert fair_limits(lengths, weights, sum(lengths) + 1) == lengths


def test_the_longest_is_cut_first() -> None:
    assert fair_limits([100, 900, 50], [1, 1, 1], 550) == [100, 400, 50]


def test_a_weighty_text_keeps_more() -> None:
    assert fair_limits([1_000, 1_000], [3, 1], 400) == [300, 100]
