"""How long it takes until something happens: the import, and the command line's help."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.row import Row

_PARTS = "import asyncio, sqlite3, attrs, cattrs, pluggy"
_CLI_PARTS = "import asyncio, attrs, pluggy, typer, rich.console, rich.table, rich.panel"


def rows(full: bool) -> list[Row]:
    """Each statement in new processes, in turn."""
    programs = {
        "nothing": [sys.executable, "-c", "pass"],
        "import gepa_core": [sys.executable, "-c", "import gepa_core"],
        "parts": [sys.executable, "-c", _PARTS],
        "import gepa": [sys.executable, "-c", "import gepa"],
        "gepa-core --help": [sys.executable, "-m", "gepa_core.cli", "--help"],
        "cli parts": [sys.executable, "-c", _CLI_PARTS],
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(15 if full else 7):
        for name, program in programs.items():
            begin = time.perf_counter()
            subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - begin)
    took = {name: median(values) for name, values in seconds.items()}
    bare = took["nothing"]
    return [
        _row(
            "import gepa_core", took["import gepa_core"] - bare, "its libraries alone", took["parts"] - bare
        ),
        _row("import gepa_core", took["import gepa_core"] - bare, "import gepa", took["import gepa"] - bare),
        _row("gepa-core --help", took["gepa-core --help"], "its libraries alone", took["cli parts"]),
    ]


def _row(name: str, value: float, beside: str, other: float) -> Row:
    return Row(group="start", name=name, value=value, unit="s", beside=beside, other=other)
