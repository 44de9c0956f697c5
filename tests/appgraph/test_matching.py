"""A message is matched against the ordinary text of a template, as a whole."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import TextPattern
from gepa_core.templates import Syntax


@pytest.mark.parametrize(
    ("natural", "syntax", "text", "expected"),
    [
        ("You route.", "plain", "You route.", True),
        ("You route.", "plain", "You route. Be brief.", False),
        ("You route. {x}", "braces", "You route. Be brief.", True),
        ("Answer {q} now", "braces", "Answer this and that now", True),
        ("Answer {q} now", "braces", "Answer now", False),
        ("{a}{b}", "braces", "anything", True),
        ("a {x} b {y} b", "braces", "a 1 b", False),
        ('{"k": {x}}', "braces", '{"k": 3}', True),
        ("Hi {{name}}, {{#docs}}- {{t}}\n{{/docs}} end", "mustache", "Hi Bo, - 1\n- 2\n end", True),
        ("{% if a %}Only then.{% endif %} Always.", "jinja2", "Always.", True),
        (
            "{% for d in ds %}{% if d %}x{% endif %}{% endfor %}\nAnswer {{ q }}",
            "jinja2",
            "xx\nAnswer 1",
            True,
        ),
        ("Answer {{ q }}.", "jinja2", "Reply 1.", False),
    ],
)
def test_matches(natural: str, syntax: Syntax, text: str, expected: bool) -> None:
    assert TextPattern.of(natural, syntax).matches(text) is expected


def test_weight_tells_the_more_specific_pattern() -> None:
    general, exact = TextPattern.of("You {x}", "braces"), TextPattern.of("You route {x}", "braces")
    assert exact.weight > general.weight


def test_occurrence_inside_of_a_longer_text() -> None:
    pattern = TextPattern.of("Rules: {x} End", "braces")
    assert pattern.occurs_in("Intro. Rules: 1, 2 End and more")
    assert not pattern.matches("Intro. Rules: 1, 2 End and more")


@given(st.text(), st.text(), st.text(), st.text())
def test_what_a_template_renders_is_matched(head: str, value: str, middle: str, tail: str) -> None:
    def clean(text: str) -> str:
        return text.replace("{", "").replace("}", "")

    natural = f"{clean(head)}{{q}}{clean(middle)}{{r}}{clean(tail)}"
    rendered = natural.replace("{q}", clean(value)).replace("{r}", clean(value))
    assert TextPattern.of(natural, "braces").matches(rendered)


def test_a_long_message_is_matched_in_linear_time() -> None:
    pattern = TextPattern.of("a{x}" * 30 + "b", "braces")
    begin = time.perf_counter()
    assert not pattern.matches("a" * 200_000)
    assert time.perf_counter() - begin < 0.5
