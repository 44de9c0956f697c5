"""Natural text to framework template and back: variables survive, other braces are text."""

from __future__ import annotations

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import TemplateGuard, Unguardable
from gepa_core.errors import ConfigurationError


def test_braces_are_shown_as_they_reach_the_model() -> None:
    guard = TemplateGuard.of('Return {{"a": {value}}} for {question}', "braces")
    assert guard.natural == 'Return {"a": {value}} for {question}'
    assert guard.placeholders == ("{value}", "{question}")
    assert guard.to_template('{"b": [{value}]} {question}') == '{{"b": [{value}]}} {question}'


def test_the_apps_own_text_gives_its_own_template() -> None:
    template = "{x:} {{}} }} {{ {y!r:>4}"
    guard = TemplateGuard.of(template, "braces")
    assert guard.to_template(guard.natural) == template


@pytest.mark.parametrize(
    ("template", "syntax", "says"),
    [
        ('{"a": 1} {question}', "braces", "does not look like one"),
        ("{my variable}", "braces", "does not look like one"),
        ("{", "braces", "not balanced"),
        ("Write {{name}} and {name}", "braces", "both as a variable and as ordinary text"),
        ("{{=<% %>=}} <% a %>", "mustache", "delimiters"),
        ("{{a", "mustache", "never closed"),
        ("a\x00b", "plain", "NUL"),
    ],
)
def test_templates_that_cannot_be_guarded(template: str, syntax: str, says: str) -> None:
    with pytest.raises(Unguardable, match=says):
        TemplateGuard.of(template, syntax)  # type: ignore[arg-type]


def test_a_lost_variable_is_refused() -> None:
    guard = TemplateGuard.of("Answer {question}", "braces")
    with pytest.raises(ConfigurationError, match=r"\{question\} is missing"):
        guard.to_template("Answer")


def test_a_doubled_variable_is_still_the_variable() -> None:
    guard = TemplateGuard.of("Answer {q}", "braces")
    assert guard.to_template("{{q}}").format(q="Q") == "{Q}"


_text = st.text(alphabet='{}"ab:!.[] \n0$%', max_size=30)


@given(_text, st.sampled_from(["{q}", "{value!r}", "{n:>5}"]), _text, _text)
def test_round_trip_through_the_formatter(before: str, token: str, after: str, rewrite: str) -> None:
    """Natural text, to a template, rendered: the rewrite with the placeholder's value in its place."""
    guard = TemplateGuard.of(
        before.replace("{", "{{").replace("}", "}}") + token + after.replace("{", "[").replace("}", "]"),
        "braces",
    )
    text = f"{rewrite} {token} end"
    if guard.problems(text):
        return
    values = {"q": "<Q>", "value": "<V>", "n": "<N>"}
    rendered = Formatter().format(guard.to_template(text), **values)
    assert rendered == text.replace(token, token.format(**values))


@given(_text)
def test_a_text_without_placeholders_renders_as_it_is(text: str) -> None:
    guard = TemplateGuard.of("No variables here.", "braces")
    if not guard.problems(text):
        assert guard.to_template(text).format() == text
