"""How many paid rows a run holds, beside the database: what the database itself cannot know it has lost.

SQLite takes a write-ahead log that was removed, cut off or damaged for one that never held more, and a file
without content for a new database. The count is written after the rows, so a kill in between leaves it too
small, which is harmless; it is too large only when rows were lost.
"""

from __future__ import annotations

import os
from pathlib import Path

from gepa_core import private
from gepa_core.errors import StoreError
from gepa_core.store.layout import FILE, TALLY

_WIDTH = 20


class Tally:
    """The open file."""

    def __init__(self, directory: Path, held: int) -> None:
        """Go on counting.

        Args:
            held: paid rows in the database, which were checked against the count of an earlier process.

        Raises:
            OSError: the file cannot be written.
        """
        path = directory / TALLY
        private.touch(path)
        self._file = os.open(path, os.O_RDWR)
        self._held = held
        self.add(0)

    def add(self, rows: int) -> None:
        """Note that so many rows more are there, or fewer."""
        self._held += rows
        # Always as long, so that it can be overwritten on a full disk.
        os.pwrite(self._file, b"%0*d\n" % (_WIDTH, self._held), 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def check(directory: Path, held: int) -> None:
    """Compare what was once counted with what is there.

    Raises:
        StoreError: rows were lost.
    """
    counted = _read(directory / TALLY)
    if counted > held:
        raise StoreError(
            f"the run in {str(directory)!r} has lost {counted - held} of the {counted} rollouts and answers"
            f" that were paid for: {FILE!r} or its log beside it was removed, cut off or is an older copy."
            " Put the files back, or give another run_dir to begin anew; to go on without what is lost, and"
            f" pay for it again, delete {str(directory / TALLY)!r}"
        )


def _read(path: Path) -> int:
    """The count; 0 where there is none, or none that can be read."""
    try:
        text = path.read_bytes()[:_WIDTH]
    except FileNotFoundError:
        return 0
    return int(text) if text.isdigit() else 0
