"""Texts that no object holds: recognised in messages, and replaced there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import Change, Rewriting, Written, described, known


def _change(text: str, new: str, name: str = "one", role: str = "") -> Change:
    return Change(name=name, text=Written.of(text), new=new, role=role)


def test_a_message_is_replaced_with_what_fills_its_gaps() -> None:
    rewriting = Rewriting([_change("Serve {shop}.\n{question}", "{question}\nYou serve {shop}, {other}.")])
    assert rewriting.text("system", "Serve us.\nWhy?") == "Why?\nYou serve us, {other}."


def test_what_fills_a_gap_is_never_read_as_a_gap() -> None:
    rewriting = Rewriting([_change("Answer {a} with {b}.", "Use {b} for {a}.")])
    assert rewriting.text("user", "Answer {b} with {a}.") == "Use {a} for {b}."


def test_parts_of_a_message_are_replaced_wherever_they_stand() -> None:
    first = _change("Always be polite to {who} here.", "Be kind to {who}.", "first")
    second = _change("Never tell anybody a secret.", "Be silent.", "second")
    rewriting = Rewriting([second, first])
    sent = "Rules: Always be polite to Ann here. Never tell anybody a secret. End."
    assert rewriting.text("system", sent) == "Rules: Be kind to Ann. Be silent. End."
    assert rewriting.names_in("system", sent) == ("second", "first")
    assert set(rewriting.after().names_in("system", "Rules: Be kind to Ann. Be silent. End.")) <= {"first"}


def test_a_text_in_the_gap_of_another_one_is_replaced_too() -> None:
    outer = _change("Follow the rules.\n{rules}\nAnd be brief.", "Rules!\n{rules}", "outer")
    inner = _change("Never tell anybody a secret, not even the manager.", "Be silent.", "inner")
    sent = "Follow the rules.\nNever tell anybody a secret, not even the manager.\nAnd be brief."
    for rewriting in (Rewriting([outer, inner]), Rewriting([inner, outer])):
        assert rewriting.text("system", sent) == "Rules!\nBe silent."
        assert rewriting.names_in("system", sent) == ("outer", "inner")


def test_of_two_texts_that_fit_the_one_that_says_more_is_meant() -> None:
    short = _change("You are a support agent. {x}", "SHORT {x}", "short")
    long = _change("You are a support agent. {x} Be brief.", "LONG {x}", "long")
    rewriting = Rewriting([short, long])
    assert rewriting.text("system", "You are a support agent. Why? Be brief.") == "LONG Why?"
    assert rewriting.text("system", "You are a support agent. Why?") == "SHORT Why?"


def test_a_text_that_is_only_known_is_taken_for_no_other() -> None:
    change = _change("You are a support agent. {x}", "NEW {x}")
    rewriting = Rewriting([change, *known([("system", "You are a support agent. Handle {x} now.")])])
    assert rewriting.text("system", "You are a support agent. Handle it now.").startswith("You are")
    assert rewriting.names_in("system", "You are a support agent. Handle it now.") == ()


def test_a_replaced_text_is_not_replaced_again() -> None:
    first = _change("You are the first text of this app.", "You are the second text of this app.")
    second = _change("You are the second text of this app.", "THIRD")
    assert Rewriting([first, second]).text("", "You are the first text of this app.") == second.text.natural


def test_a_short_text_counts_only_as_a_whole() -> None:
    rewriting = Rewriting([_change("Be kind.", "Be silent.")])
    assert rewriting.text("system", "Be kind.") == "Be silent."
    assert rewriting.text("system", "Be kind. Or not.") == "Be kind. Or not."


@pytest.mark.parametrize("role", ["assistant", "ai", "tool", "function"])
def test_what_models_and_tools_said_is_left_alone(role: str) -> None:
    text = "You are the voice of the library."
    assert Rewriting([_change(text, "NEW")]).text(role, text) == text


@pytest.mark.parametrize(
    ("wanted", "role", "fits"),
    [
        ("system", "developer", True),
        ("human", "user", True),
        ("user", "system", False),
        ("", "user", True),
        ("system", "", True),
    ],
)
def test_roles_are_told_apart_whatever_a_framework_calls_them(wanted: str, role: str, *, fits: bool) -> None:
    text = "You are the voice of the library."
    assert (Rewriting([_change(text, "NEW", role=wanted)]).text(role, text) == "NEW") == fits


def test_descriptions_are_replaced_in_the_tool_that_they_belong_to() -> None:
    change = Change(text=Written(("Finds it.",)), new="Seeks it.", tool="find")
    rewriting = Rewriting([change])
    tool = {"name": "find", "description": "Finds it.", "parameters": {"description": "x"}}
    assert described(tool, rewriting.descriptions("find")) == {**tool, "description": "Seeks it."}
    assert rewriting.descriptions("other") == {}
    assert rewriting.text("system", "Finds it.") == "Finds it."


_words = st.text(st.sampled_from("ab {}\n"), max_size=10)


@given(_words, _words, st.permutations(["{a}", "{b}", "some other words"]))
def test_a_candidates_text_keeps_what_fills_the_gaps(a: str, b: str, new: list[str]) -> None:
    """Whatever order the gaps have in the new text, each holds what the app filled in."""
    rewriting = Rewriting([_change("#begin of it# {a} #middle of it# {b} #end of it#", "|".join(new))])
    sent = f"#begin of it# {a} #middle of it# {b} #end of it#"
    values = {"{a}": a, "{b}": b}
    assert rewriting.text("user", sent) == "|".join(values.get(part, part) for part in new)


@given(_words)
def test_seed_texts_change_nothing(sent: str) -> None:
    rewriting = Rewriting([_change("a {b}", "a {b}"), _change("{a} {b}", "{a} {b}")])
    assert rewriting.is_idle
    assert rewriting.text("user", sent) == sent
