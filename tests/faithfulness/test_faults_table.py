"""The table of ``docs/faults.md`` is what `tests.faithfulness.faults` measures of this project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faithfulness.faults import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
SLOW = "six hash seeds, with merges"
"""Its processes take long; `tests.faults.test_same_everywhere` holds what it says."""


def written() -> dict[str, list[str]]:
    """Cells by the row's name."""
    table = PAGE.read_text().partition("## Beside gepa")[2].partition("## Try it")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line
    ]
    return {name: cells for name, *cells in rows[2:]}


def test_all_rows_are_there() -> None:
    assert list(written()) == list(ROWS)


@pytest.mark.parametrize("name", [name for name in ROWS if name != SLOW])
def test_our_cell(name: str) -> None:
    assert ROWS[name]("ours") == written()[name][0]
