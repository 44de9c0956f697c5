"""Errors of the file system and of SQLite, as errors that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gepa_core.errors import StoreError

_READ_ONLY = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_REMEDIES = {
    "full": "; what was finished before is kept: make room and run it again with the same run_dir",
    "read-only": "; give yourself the right to write there, or give another run_dir",
    "busy": "; another program holds it: close that, and run it again with the same run_dir",
    "damaged": "; go on from a backup of the directory, or give another run_dir to begin anew",
    "no directory": "; a run is stored in a directory of its own: give another run_dir",
    "input": "; check the disk, and whether there is room on it, then run it again with the same run_dir",
}
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "read-only",
    sqlite3.SQLITE_CANTOPEN: "read-only",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_ERROR: "damaged",  # a table or a column is not there
    sqlite3.SQLITE_MISMATCH: "damaged",
    sqlite3.SQLITE_IOERR: "input",
}


@contextmanager
def explained(directory: Path) -> Iterator[None]:
    """Raise whatever goes wrong with ``directory`` as a `StoreError` with its name and the remedy."""
    try:
        yield
    except (OSError, sqlite3.Error, NotImplementedError) as error:
        raise explanation(directory, error) from error


def explanation(directory: Path, error: Exception) -> StoreError:
    """``error`` with the name of the directory, and what to do."""
    remedy = _REMEDIES.get(_kind(error), "")
    return StoreError(f"the run directory {str(directory)!r} cannot be used: {error}{remedy}")


def damaged(directory: Path, what: str) -> StoreError:
    """The error for a run that does not hold what was once written."""
    return StoreError(f"the run in {str(directory)!r} is damaged: {what}{_REMEDIES['damaged']}")


def _kind(error: Exception) -> str:
    if isinstance(error, sqlite3.Error):
        # The extended code's low byte is the primary one. Errors of the module itself carry none.
        return _OF_SQLITE.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF, "")
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        return "no directory"
    number = error.errno if isinstance(error, OSError) else None
    return "full" if number in _FULL else "read-only" if number in _READ_ONLY else ""
