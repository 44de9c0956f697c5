"""Plans are made once for the texts used last; names that no component has are refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import Plans, changed_texts, check_names
from gepa_core.errors import ConfigurationError
from gepa_core.types import Component

NAMES = ("a", "b")


def _numbers() -> Callable[[], int]:
    """Makes 0, 1, 2, ... so that a plan says when it was made."""
    numbers = count()
    return lambda: next(numbers)


def test_equal_texts_share_a_plan() -> None:
    plans, make = Plans[int](), _numbers()
    assert plans.get({"a": "x", "b": "y"}, NAMES, make) == 0
    assert plans.get({"b": "y", "a": "x"}, NAMES, make) == 0
    assert plans.get({"a": "y", "b": "x"}, NAMES, make) == 1


def test_a_missing_text_is_not_an_empty_one() -> None:
    plans, make = Plans[int](), _numbers()
    assert [plans.get(texts, NAMES, make) for texts in ({}, {"a": ""}, {"b": ""})] == [0, 1, 2]


def test_the_plan_that_was_unused_for_longest_goes_first() -> None:
    plans, make = Plans[int](kept=2), _numbers()
    asked = [plans.get({"a": text}, NAMES, make) for text in "xyxzxy"]
    assert (asked, len(plans)) == ([0, 1, 0, 2, 0, 3], 2)


@given(st.lists(st.sampled_from("uvwxyz"), max_size=40), st.integers(1, 4))
def test_a_plan_is_kept_while_it_is_among_those_used_last(asked: list[str], kept: int) -> None:
    plans: Plans[str] = Plans(kept=kept)
    recent: list[str] = []
    for text in asked:
        made: list[str] = []

        def make(text: str = text, made: list[str] = made) -> str:
            made.append(text)
            return text

        assert plans.get({"a": text}, NAMES, make) == text
        assert bool(made) is (text not in recent)
        recent = [*(other for other in recent if other != text), text][-kept:]


def test_nothing_is_kept_of_a_plan_that_cannot_be_made() -> None:
    plans: Plans[int] = Plans()

    def fail() -> int:
        raise ConfigurationError("a variable is missing")

    with pytest.raises(ConfigurationError, match="a variable is missing"):
        plans.get({}, NAMES, fail)
    assert plans.get({}, NAMES, lambda: 7) == 7


def test_threads_get_the_plan_of_their_own_texts() -> None:
    plans: Plans[str] = Plans(kept=3)

    def ask(number: int) -> bool:
        text = str(number % 7)
        return plans.get({"a": text}, NAMES, lambda: text) == text

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))


def test_at_least_one_plan_is_kept() -> None:
    with pytest.raises(ValueError, match="kept"):
        Plans(kept=0)


def test_an_unknown_name_is_refused_and_the_known_ones_are_listed() -> None:
    check_names({"b": "x"}, NAMES)
    with pytest.raises(
        ConfigurationError, match="'c' is not a component of this app; its components: 'a', 'b'"
    ):
        check_names({"a": "x", "c": "y"}, NAMES)
    with pytest.raises(ConfigurationError, match="its components: none"):
        check_names({"c": "y"}, ())


def test_changed_texts_leave_out_the_apps_own_and_the_missing() -> None:
    components = [Component(name="a", text="x"), Component(name="b", text="y"), Component(name="c", text="z")]
    assert changed_texts({"b": "new", "a": "x", "other": "y"}, components) == {"b": "new"}
