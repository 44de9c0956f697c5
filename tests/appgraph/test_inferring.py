"""The text with gaps that several versions of a message were made from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import Change, Rewriting, Written, filled, infer, values_in


@pytest.mark.parametrize(
    ("versions", "natural"),
    [
        (["You are kind.", "You are kind."], "You are kind."),
        (["You are kind."], "You are kind."),
        (
            ["You serve Acme in Rome. Be kind.", "You serve Bolt in Rome. Be kind."],
            "You serve {value1} in Rome. Be kind.",
        ),
        (
            ["Answer it.\nQuestion: why is it so?", "Answer it.\nQuestion: where, and when?"],
            "Answer it.\nQuestion: {question}?",
        ),
        (
            ["Facts: a cat. Say what is known of a cat.", "Facts: the dog. Say what is known of the dog."],
            "Facts: {facts}. Say what is known of {value2}.",
        ),
        (["Use {braces} for one.", "Use {braces} for two."], "Use {braces} for {value1}."),
        (["nothing is alike", "whatever"], "{value1}"),
    ],
)
def test_the_common_text_is_told_from_the_rest(versions: list[str], natural: str) -> None:
    assert infer(versions).natural == natural


def _back(text: Written, version: str) -> str:
    match = text.find(version)
    if match is None:  # only a text without anything in it is found nowhere
        assert text.pieces == ("",)
        return version
    held = values_in(version, match)
    assert (match.begin, match.end) == (0, len(version))
    return "".join(held[piece] if number % 2 else piece for number, piece in enumerate(text.pieces))


_token = st.sampled_from(["the ", "a", "rule ", "be ", "kind", ". ", "\n", ": ", "x", " "])
_message = st.lists(_token, max_size=14).map("".join)


@given(st.lists(_message, min_size=1, max_size=4))
def test_filling_in_the_gaps_gives_each_version_back(versions: list[str]) -> None:
    text = infer(versions)
    assert [_back(text, version) for version in versions] == versions


_value = st.text(st.sampled_from("pqr 12"), max_size=12)


@given(st.lists(st.tuples(_value, _value), min_size=2, max_size=4))
def test_the_text_of_a_candidate_keeps_the_gaps(values: list[tuple[str, str]]) -> None:
    """A text that two values fill is inferred; a new text with its gaps gets what the app filled in."""
    versions = [f"You are the clerk of {a} today.\nAnswer the question: {b}!" for a, b in values]
    text = infer(versions)
    new = f"END {text.natural} BEGIN"
    rewriting = Rewriting([Change(name="it", text=text, new=new)])
    for version in versions:
        assert rewriting.text("system", version) == f"END {version} BEGIN"
        match = text.find(version)
        assert match is not None
        assert filled(text.natural, values_in(version, match)) == version


def test_long_messages_are_aligned_too() -> None:
    rules = "\n".join(f"Rule {number}: be number {number} of all rules." for number in range(300))
    versions = [f"{rules}\nCustomer: {name}\n{rules}" for name in ("Ann", "Bob")]
    assert infer(versions).natural == f"{rules}\nCustomer: {{customer}}\n{rules}"
