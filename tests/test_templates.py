"""No placeholder can be lost, none can be added, and an ordinary brace is an ordinary character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.templates import Syntax, find_placeholders, template_problems, variable_of


def _problems(original: str, text: str, syntax: Syntax = "braces") -> list[str]:
    return template_problems(text, find_placeholders(original, syntax), syntax)


@pytest.mark.parametrize(
    ("text", "syntax", "expected"),
    [
        ("a {b} c {b} {d}", "braces", ("{b}", "{d}")),
        ("{price:,.2f} {name!r:>10} {x:}", "braces", ("{price:,.2f}", "{name!r:>10}", "{x:}")),
        ('{"a": 1} {} {0} { b } {key: value}', "braces", ()),
        ("{größe}", "braces", ("{größe}",)),
        ("{a}", "plain", ()),
        ("{{a}} {{{b}}} {{&c}}", "mustache", ("{{a}}", "{{{b}}}", "{{&c}}")),
        ("{{#s}}{{x}}{{/s}}{{x}}{{x}}", "mustache", ("{{#s}}", "{{x}}", "{{/s}}", "{{x}}")),
        (
            "{% if a %}1{% endif %}{% if b %}2{% endif %}",
            "jinja2",
            ("{% if a %}", "{% endif %}", "{% if b %}", "{% endif %}"),
        ),
    ],
)
def test_placeholders(text: str, syntax: Syntax, expected: tuple[str, ...]) -> None:
    assert find_placeholders(text, syntax) == expected


@pytest.mark.parametrize(
    ("token", "variable"),
    [
        ("{question}", "question"),
        ("{price:,.2f}", "price"),
        ("{{ user.name | upper }}", "user"),
        ("{{#docs}}", "docs"),
        ("{% for doc in docs %}", "docs"),
        ("{% if history %}", "history"),
        ("{% set x = y %}", "y"),
        ("{% endif %}", "{% endif %}"),
        ("{# note #}", "{# note #}"),
    ],
)
def test_variable(token: str, variable: str) -> None:
    assert variable_of(token) == variable


@pytest.mark.parametrize(
    ("original", "text", "syntax"),
    [
        ("Answer {q}", 'Return {"a": 1}. {q}', "braces"),
        ("Answer {q}", "{q} {q} in {braces like this} {0} {}", "braces"),
        ("{{a}} {{#s}}{{b}}{{/s}}", "New. {{#s}}- {{b}} for {{a}}{{/s}} {{a}}!", "mustache"),
        ("{{ a }}", "{{ a }} and }} or %} alone", "jinja2"),
        ("{% if a %}{{ b }}{% else %}c{% endif %}", "x {% if a %}y {{ b }}{% else %}z{% endif %}", "jinja2"),
        ("{% set x = a %}{{ x }}", "Now {% set x = a %} use {{ x }}", "jinja2"),
        ("no placeholders", "{anything} {{goes}}", "plain"),
    ],
)
def test_usable_rewrites(original: str, text: str, syntax: Syntax) -> None:
    assert _problems(original, text, syntax) == []


@pytest.mark.parametrize(
    ("original", "text", "syntax", "says"),
    [
        ("Answer {q}", "Answer.", "braces", "{q} is missing"),
        ("Answer {q}", "Answer { q }", "braces", "{q} is missing"),
        ("Answer {q}", "{q} {topic}", "braces", "{topic} does not exist"),
        ("Answer {q}", "{q} {q.__class__}", "braces", "{q.__class__} does not exist"),
        ("Answer {q}", "{q} {q[0]}", "braces", "{q[0]} does not exist"),
        ("Answer {q}", "{q} {q!r}", "braces", "{q!r} does not exist"),
        ("Answer {q:>3}", "{q}", "braces", "{q:>3} is missing"),
        ("{{a}}", "{{ a }}", "mustache", "{{a}} is missing"),
        ("{{a}}", "{{a}} {{b", "mustache", "never closed"),
        ("{{ a }}", "{{ a }} {{ a.__class__ }}", "jinja2", "does not exist"),
        ("{{ a }}", "{{ a }} {% include 'x' %}", "jinja2", "does not exist"),
        ("{{ a }}", "{{ a }} {% oops", "jinja2", "never closed"),
        ("{{ a }}{% if b %}x{% endif %}", "{% if b %}{{ a }}{% endif %}", "jinja2", "outside of all blocks"),
        ("{% for d in ds %}{{ d }}{% endfor %}", "{{ d }}{% for d in ds %}{% endfor %}", "jinja2", "inside"),
        ("{{#s}}{{x}}{{/s}}", "{{#s}}{{x}}{{/s}} {{x}}", "mustache", "means nothing"),
        (
            "{% if a %}1{% endif %}{% if b %}2{% endif %}",
            "{% if b %}2{% endif %}{% if a %}1{% endif %}",
            "jinja2",
            "this order",
        ),
        ("{% if a %}1{% endif %}", "{% if a %}{% if a %}1{% endif %}{% endif %}", "jinja2", "each once"),
        ("{% set x = a %}{{ x }}", "{{ x }}{% set x = a %}", "jinja2", "{{ x }}"),
        ("text", "a\x00b", "plain", "NUL"),
        ("text", "a\ud800b", "plain", "surrogate"),
    ],
)
def test_refused_rewrites(original: str, text: str, syntax: Syntax, says: str) -> None:
    problems = _problems(original, text, syntax)
    assert any(says in problem for problem in problems), problems


_pieces = st.lists(
    st.sampled_from(
        [
            "{{ a }}",
            "{{ b }}",
            "{% if a %}",
            "{% else %}",
            "{% endif %}",
            "{% set x = 1 %}",
            "{# c #}",
            "word ",
        ]
    )
)


@given(_pieces)
def test_a_text_is_a_usable_rewrite_of_itself(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert _problems(text, text, "jinja2") == []


@given(st.text(alphabet='{}ab:!.[] \n"'), st.sampled_from(["{q}", "{a}", "{b!r}"]))
def test_losing_any_placeholder_is_noticed(text: str, token: str) -> None:
    original = f"{text} {token}"
    for placeholder in find_placeholders(original, "braces"):
        assert _problems(original, original.replace(placeholder, ""), "braces")


@pytest.mark.parametrize(
    "text", ["{{" * 20_000, "{{{}}" * 10_000, "{%" * 20_000 + "}}", "{#" * 20_000, "{a:" * 15_000]
)
@pytest.mark.parametrize("syntax", ["mustache", "jinja2", "braces"])
def test_a_text_full_of_opened_tags_is_judged_at_once(syntax: Syntax, text: str) -> None:
    """Looking for the end of each would take minutes, and a model may write anything."""
    problems = template_problems(text, ("{{name}}",), syntax)
    assert problems
