"""Names are short where they can be, unique always, and independent of order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import unique_names
from gepa_core.appgraph.naming import slug


def test_the_shortest_free_form_is_taken() -> None:
    forms = [["system", "a.system"], ["human", "a.human"]]
    assert unique_names(forms) == ["system", "human"]


def test_all_who_clash_move_on_together() -> None:
    forms = [["system", "a.system"], ["system", "b.system"], ["human", "a.human"]]
    assert unique_names(forms) == ["a.system", "b.system", "human"]


def test_the_last_resort_is_a_number() -> None:
    assert unique_names([["x"], ["x"], ["x-2"]]) == ["x", "x-3", "x-2"]


_forms = st.lists(st.lists(st.sampled_from(["a", "b", "c", "a-2"]), min_size=1, max_size=3), max_size=6)


@given(_forms)
def test_names_are_unique(forms: list[list[str]]) -> None:
    names = unique_names(forms)
    assert len(set(names)) == len(forms)


def test_slug() -> None:
    assert slug(" My key / part 2. ") == "My_key_part_2"
