"""The table of components, at the widths that terminals have."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gepa_core.cli.component_table import component_table
from gepa_core.types import Component

_PLACE = "nodes['model'].bound.func.closure['_execute_model_sync'].closure['tools'].description"
_COMPONENTS = [
    Component(name="tool.get_weather_for_location", text="x", kind="argument_description", source=_PLACE),
    Component(name="system", text="Answer {question}.", role="system", syntax="braces", source="prompt"),
]


def _lines(width: int, components: list[Component] = _COMPONENTS) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    for line in component_table(console, components, ["system"], None):
        console.print(line)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_name_and_a_place_stay_whole_where_the_terminal_has_room(width: int) -> None:
    lines = _lines(width)
    assert max(map(len, lines)) <= width
    assert any(line.startswith("●  system ") and line.endswith("18") for line in lines)
    assert _PLACE in "".join(line.strip() for line in lines)
    assert sum(line.startswith("   ") for line in lines[2:]) == (4 if width == 80 else 2)


def test_a_column_in_which_nothing_stands_is_left_out() -> None:
    [heading, *_] = _lines(80, [Component(name="a", text="b")])
    assert heading.split() == ["component", "kind", "length"]
