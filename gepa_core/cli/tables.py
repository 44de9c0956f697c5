"""Tables that look the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


def table(*columns: str, numbers: Sequence[str] = (), wide: Sequence[str] = ()) -> Table:
    """An empty table with a line below its heading.

    Args:
        columns: their headings.
        numbers: those that hold figures, and stand on the right.
        wide: those that take the width that is left; the others keep to one line.
    """
    made = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"
    )
    for heading in columns:
        is_wide = heading in wide
        made.add_column(
            heading,
            justify="right" if heading in numbers else "left",
            no_wrap=not is_wide,
            overflow="fold" if is_wide else "ellipsis",
            ratio=1 if is_wide else None,
        )
    made.expand = bool(wide)
    return made


def heading(text: str, *, simulated: bool = False) -> Text:
    """A heading above a table or a text, saying where figures are simulated."""
    return Text.assemble("\n", (text, "bold"), (" (simulated)", "magenta") if simulated else "")


def facts(rows: Sequence[tuple[str, str | Text]]) -> Table:
    """Labels and values side by side."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(label, value)
    return grid


def changed_lines(lines: Sequence[Text]) -> Padding:
    """The lines of a diff: what does not fit is continued below the text, not below the mark."""
    grid = Table.grid()
    grid.add_column(width=2)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row(line[:2], line[2:])
    return Padding(grid, (0, 0, 0, 2))


def indented(text: str) -> Padding:
    """A text, set off from the left edge."""
    return Padding(Text(text), (0, 0, 0, 2))
