"""Diffs and figures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core.cli import wording
from gepa_core.cli.diff import diff
from gepa_core.types import Usage

LINES = st.lists(
    st.sampled_from(["", "one two three", "one two four", "alpha", "beta gamma", "x"]), max_size=8
)


@settings(deadline=None)
@given(before=LINES, after=LINES)
def test_a_diff_holds_both_texts(before: list[str], after: list[str]) -> None:
    shown = [line.plain for line in diff("\n".join(before), "\n".join(after))]
    old, new = "\n".join(before).splitlines(), "\n".join(after).splitlines()
    assert [line[2:] for line in shown if line[:2] in ("  ", "- ")] == old
    assert [line[2:] for line in shown if line[:2] in ("  ", "+ ")] == new


def test_words_that_changed_are_marked() -> None:
    gone, come = diff("Write a short reply.", "Write a friendly reply.")
    assert (gone.plain, come.plain) == ("- Write a short reply.", "+ Write a friendly reply.")
    marked = [
        [line.plain[span.start : span.end] for span in line.spans if span.style] for line in (gone, come)
    ]
    assert marked == [["short"], ["friendly"]]


@pytest.mark.parametrize(
    ("number", "text"), [(7, "7"), (940, "940"), (1200, "1.2k"), (239_000, "239k"), (4_100_000, "4.1M")]
)
def test_large_numbers(number: int, text: str) -> None:
    assert wording.short(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(7.9, "0:07"), (754, "12:34"), (3723, "1:02:03")])
def test_durations(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("usage", "tokens", "dollars"),
    [
        (Usage(), "0 tokens", "$0"),
        (Usage(calls=3, input_tokens=1000, dollars=0.25), "1.0k tokens", "$0.2500"),
        (Usage(calls=3, input_tokens=5, dollars=2.5), "5 tokens", "$2.50"),
        (Usage(calls=3, unmetered=3, unpriced=3), "tokens unknown", "price unknown"),
        (
            Usage(calls=3, input_tokens=9, dollars=0.5, unmetered=1, unpriced=1),
            "9 tokens and more",
            "$0.5000 and 1 call of unknown price",
        ),
    ],
)
def test_what_is_unknown_is_said_to_be(usage: Usage, tokens: str, dollars: str) -> None:
    assert (wording.tokens(usage), wording.dollars(usage)) == (tokens, dollars)


@settings(deadline=None)
@given(values=st.lists(st.floats(-5, 5), max_size=30), width=st.integers(0, 20))
def test_a_sparkline_is_as_long_as_what_it_shows(values: list[float], width: int) -> None:
    assert len(wording.sparkline(values, width)) == min(len(values), width)


def test_a_sparkline_rises_with_the_values() -> None:
    assert wording.sparkline([0.0, 0.5, 1.0], 9) == "▁▅█"
    assert wording.sparkline([0.4, 0.4], 9) == "▁▁"
