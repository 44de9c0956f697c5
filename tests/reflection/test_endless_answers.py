"""Answers of a model that repeats itself to its limit, and of one that has none.

Whatever looks at them must not take longer than their length explains: a run waits for it, and so does every
other rollout. Looked at pair by pair, each of these takes minutes.
"""

from __future__ import annotations

import pytest

from gepa_core.redaction import redact
from gepa_core.reflection import NoText, TooLong, extract_text
from gepa_core.reflection.extracted import Unusable
from gepa_core.templates import template_problems

CURRENT = "Follow these rules:"
PIECES = {
    "fences": "~~~\n",
    "fences with lines": "```\nx\n",
    "fences of blocks": "```text\nx\n```\nb\n\n",
    "opening tags": "<new_text>",
    "closing tags": "</new_prompt>",
    "no words": "<",
    "white space": " \n",
    "an apology": "I'm sorry ",
    "braces": "{a",
    "tags of templates": "{%",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
@pytest.mark.parametrize("before", ["", "<new_text>", "```\n"])
def test_a_piece_again_and_again(piece: str, before: str) -> None:
    answer = before + piece * (500_000 // len(piece))
    assert extract_text(answer, CURRENT) is not None
    for syntax in ("braces", "mustache", "jinja2"):
        template_problems(answer, ("{topic}",), syntax)


@pytest.mark.parametrize("letter", ["<", "`", "word ", "```\n"])
def test_an_answer_of_five_million_characters_is_not_looked_into(letter: str) -> None:
    found = extract_text(letter * (5_000_000 // len(letter)), CURRENT)
    assert isinstance(found, TooLong)
    assert found.reason.startswith("too-long: the answer has ")


def test_an_answer_with_a_thousand_blocks_is_no_text() -> None:
    found = extract_text("```\nx\n```\n" * 1_000, CURRENT)
    assert isinstance(found, NoText)
    assert found.detail == "the answer has 2000 lines that begin or end a block"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("<new_prompt>a</new_prompt>", "a"),
        ("<NEW_PROMPT>a</new_prompt> <new_prompt>b</New_Prompt>", "a</new_prompt> <new_prompt>b"),
        ("</new_text> <new_prompt> <new_text>b</new_text>", "b"),
    ],
)
def test_a_text_in_tags(answer: str, text: str) -> None:
    found = extract_text(answer, CURRENT)
    assert not isinstance(found, Unusable)
    assert found.text == text


def test_headers_again_and_again() -> None:
    assert redact("headers: [" * 50_000).startswith("headers: [")
    assert redact("headers: [" * 3 + "('x-key', 'abc')]") == "headers: [" * 2 + "headers: [hidden]"
