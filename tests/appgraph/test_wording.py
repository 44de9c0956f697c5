"""Instructions are told from texts that only label what is filled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import LABELS, is_instruction, why_no_instruction
from gepa_core.appgraph.wording import words_of
from gepa_core.templates import Syntax

_LABEL = "its words only label what is filled in"


@pytest.mark.parametrize(
    ("text", "syntax", "words"),
    [
        ("Tell {user_name} a joke", "braces", ["tell", "joke"]),
        ("Tell {user_name} a joke", "plain", ["tell", "user", "name", "joke"]),
        ("Hi {{name}}, ÜBER 12 x", "mustache", ["hi", "über"]),
        ("", "plain", []),
    ],
)
def test_words_are_of_ordinary_text(text: str, syntax: Syntax, words: list[str]) -> None:
    assert words_of(text, syntax) == words


@pytest.mark.parametrize(
    ("text", "words", "enough"),
    [
        ("You sort tickets kindly.", 4, True),
        ("You sort tickets.", 4, False),
        (" you-sort-all-tickets ", 4, False),
        ("gpt 4 turbo 1", 3, False),
    ],
)
def test_an_instruction_has_enough_words_and_a_space(text: str, words: int, enough: bool) -> None:
    assert is_instruction(text, words=words) is enough


@pytest.mark.parametrize("by_line", [False, True])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{question}", "it is only a placeholder"),
        (" {a}: {b}", "it has no words of its own"),
        ("12", "it has no words of its own"),
        ("Question: {question}\nAnswer:", _LABEL),
        ("## Context\n<input>{x}</input>", _LABEL),
        ("Customer ticket: {customer_ticket}", _LABEL),
        ("Tell me about {topic}", ""),
        ("Summarise: {text}", ""),
        ("Answer the question:", ""),
    ],
)
def test_templates_that_instruct_nothing_are_named(text: str, reason: str, by_line: bool) -> None:
    assert why_no_instruction(text, "braces", by_line=by_line) == reason


def test_lines_that_do_not_look_like_labels_instruct() -> None:
    text = "Answer the question {question}."
    assert why_no_instruction(text, "braces") == _LABEL
    assert why_no_instruction(text, "braces", by_line=True) == ""


def test_a_framework_adds_its_own_labels() -> None:
    text = "Ticket: {x}"
    assert why_no_instruction(text, "braces") == ""
    assert why_no_instruction(text, "braces", labels=LABELS | {"ticket"}) == _LABEL


@given(st.lists(st.sampled_from(sorted(LABELS)), min_size=1), st.sampled_from([": ", " ", "\n", ". "]))
def test_labels_in_any_order_only_label(words: list[str], between: str) -> None:
    assert why_no_instruction(between.join(words) + ": {x}", "braces") == _LABEL
    lines = "\n".join(f"{word}: {{x}}" for word in words)
    assert why_no_instruction(lines, "braces", by_line=True) == _LABEL


@given(st.text(alphabet="ab :#\n.", max_size=20))
def test_a_stricter_look_at_lines_finds_no_further_labels(text: str) -> None:
    if why_no_instruction(text + "{aa_bb}", "braces", by_line=True) == _LABEL:
        assert why_no_instruction(text + "{aa_bb}", "braces") == _LABEL
