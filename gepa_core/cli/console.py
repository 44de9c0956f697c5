"""Where output goes: results to standard output, progress and errors to standard error.

rich honours NO_COLOR, FORCE_COLOR, TERM=dumb and COLUMNS by itself.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 100
"""Columns that are used of a terminal at most: longer lines are hard to read."""


def output() -> Console:
    """For what was asked for."""
    return _console(stderr=False)


def messages() -> Console:
    """For progress, warnings and errors."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        # Models write what cannot be encoded, such as half of a surrogate pair: show it written out.
        stream.reconfigure(errors="backslashreplace")
    console = Console(stderr=stderr, highlight=False)
    console.width = min(console.width, WIDEST)
    return console
