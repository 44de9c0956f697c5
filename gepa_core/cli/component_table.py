"""Components as a table, with the place of each on a line of its own below it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gepa_core.probe import Probe
from gepa_core.types import Component

_HEADINGS = ("", "component", "kind", "role", "variables", "length", "live")
_NAME = 1
_GAP = 2
_LEAST_NAME = 16
"""Columns that a name has at least, however narrow the terminal is."""


def component_table(
    console: Console, components: Sequence[Component], chosen: Collection[str], probe: Probe | None
) -> Iterator[RenderableType]:
    """The lines of the table. A column without entries is left out, and names get the width that is left."""
    rows = [[Text(heading, "bold") for heading in _HEADINGS]]
    rows += [_cells(one, one.name in chosen, probe) for one in components]
    used = [at for at in range(len(_HEADINGS)) if at == 0 or any(row[at].plain for row in rows[1:])]
    widths = {at: max(_width(row[at]) for row in rows) for at in used}
    others = sum(width + _GAP for at, width in widths.items() if at != _NAME)
    widths[_NAME] = max(_LEAST_NAME, console.width - others)
    yield _line(rows[0], widths)
    yield Rule(style="default", characters="─")
    for component, row in zip(components, rows[1:], strict=True):
        yield _line(row, widths)
        if component.source:
            yield Padding(
                Text(component.source, "dim", overflow="fold"), (0, 0, 0, widths[0] + _GAP), expand=False
            )


def _cells(component: Component, is_chosen: bool, probe: Probe | None) -> list[Text]:
    is_live = probe is not None and component.name in probe.live
    return [
        Text("●", "green") if is_chosen else Text("○", "dim"),
        Text(component.name),
        Text(component.kind.replace("_", " ")),
        Text(component.role),
        Text("\n".join(component.variables)),
        Text(f"{len(component.text):,}"),
        Text("yes", "green") if is_live else Text("no" if probe is not None else "", "yellow"),
    ]


def _width(cell: Text) -> int:
    return max((line.cell_len for line in cell.split()), default=0)


def _line(cells: Sequence[Text], widths: dict[int, int]) -> Table:
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for at in sorted(widths):
        justify = "right" if _HEADINGS[at] == "length" else "left"
        grid.add_column(width=widths[at], overflow="fold", justify=justify)  # type: ignore[arg-type]
    grid.add_row(*(cells[at] for at in sorted(widths)))
    return grid
