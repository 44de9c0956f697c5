"""The reflection prompt's template can be replaced."""

from __future__ import annotations

import pytest

from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.errors import ConfigurationError
from gepa_core.reflection import DEFAULT_TEMPLATE, check_template
from gepa_core.reflection.template import fill_template

SECTIONS = {
    "task": "T",
    "component": "C",
    "current_text": "{examples}",
    "requirements": "R",
    "examples": "{task}",
}


def test_the_default_template_can_be_used() -> None:
    check_template(DEFAULT_TEMPLATE)


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        ("{current_text} {requirements}", ["{examples}"]),
        ("Improve it.", ["{current_text}", "{requirements}", "{examples}"]),
        ("{current_text} {{examples} {requirements} {exampels}", []),
        ("{current_text} {exampels} {requirements}", ["{examples}"]),
    ],
)
def test_a_template_must_have_what_a_rewrite_needs(template: str, missing: list[str]) -> None:
    if not missing:
        ReflectiveMutation(template=template)
        return
    with pytest.raises(ConfigurationError) as caught:
        ReflectiveMutation(template=template)
    assert f"lacks {', '.join(missing)}:" in str(caught.value)


def test_sections_are_filled_in_once_and_other_braces_stay() -> None:
    filled = fill_template('{"json": 1} {current_text} {examples} {other} {task}', SECTIONS)
    assert filled == '{"json": 1} {examples} {task} {other} T'


@pytest.mark.parametrize(
    ("options", "message"),
    [({"max_tokens": 10}, "no room"), ({"retries": -1}, "0 or more"), ({"retries": -5}, "-5")],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ReflectiveMutation(**options)  # type: ignore[arg-type]
