"""The table on the terminal, and the same as JSON."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table

from tests.benchmarks.row import Row


def show(rows: Sequence[Row], console: Console) -> None:
    """Print all rows as one table."""
    table = Table(title=machine(), title_justify="left", row_styles=["", "dim"])
    for heading in ("group", "what", "here", "beside", "there", "ratio"):
        table.add_column(heading, justify="right" if heading in ("here", "there", "ratio") else "left")
    last = ""
    for row in rows:
        if row.group != last:
            table.add_section()
        table.add_row(
            row.group if row.group != last else "",
            row.name,
            f"{_short(row.value)} {row.unit}",
            row.beside,
            "-" if row.other is None else f"{_short(row.other)} {row.unit}",
            "-" if row.ratio is None else f"{row.ratio:.2f}",
        )
        last = row.group
    console.print(table)


def write(rows: Sequence[Row], path: Path, *, full: bool) -> None:
    """Write all rows, with what the table leaves out, to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "machine": machine(),
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "full": full,
        "versions": {
            name: version(name) for name in ("gepa-core", "gepa", "langchain-core", "llama-index-core")
        },
        "rows": [{**attrs.asdict(row), "ratio": row.ratio} for row in rows],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def machine() -> str:
    """What the figures were measured on."""
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs (load {load:.1f}),"
        f" Python {platform.python_version()}"
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
