"""``make bench``: run the benchmarks, each in a process of its own, and print one table."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.benchmarks.apart import measure_apart
from tests.benchmarks.row import Row
from tests.benchmarks.table import show, write

GROUPS = ("start", "langchain", "llamaindex", "agents", "own_cost", "pool", "size", "wall_clock", "samples")
RESULTS = Path(".gepa") / "benchmarks.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write. A group that fails is reported, and the others go on."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="group", help=f"of {', '.join(GROUPS)}; default: all")
    parser.add_argument("--full", action="store_true", help="the sizes of docs/performance.md; takes long")
    parser.add_argument("--output", type=Path, default=RESULTS, help=f"JSON file, default {RESULTS}")
    asked = parser.parse_args(argv)
    unknown = [group for group in asked.groups if group not in GROUPS]
    if unknown:
        parser.error(f"there is no group {unknown[0]!r}: choose from {', '.join(GROUPS)}")
    console, failed = Console(), False
    rows: list[Row] = []
    for group in asked.groups or GROUPS:
        console.print(f"measuring {group} ...", style="dim")
        try:
            rows += measure_apart(group, asked.full)
        except Exception:
            failed = True
            console.print(traceback.format_exc(), style="red", markup=False)
    show(rows, console if console.is_terminal else Console(width=150))
    write(rows, asked.output, full=asked.full)
    console.print(f"written to {asked.output}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
