"""Opening a run: what is no run is told before anything in its directory is touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gepa_core import private
from gepa_core.errors import StoreError
from gepa_core.store import tally
from gepa_core.store.explaining import damaged
from gepa_core.store.layout import APPLICATION_ID, FILE, LOCK, LOG, SCHEMA, VERSION

if TYPE_CHECKING:
    from filelock import BaseFileLock

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
_VERSION_AT, _APPLICATION_AT = 60, 68
_PAID = "SELECT (SELECT count(*) FROM outcomes) + (SELECT count(*) FROM answers)"


def look_at(directory: Path) -> None:
    """Refuse what is no run of this format, by reading the first bytes of its file and no more.

    Raises:
        StoreError: the file is no database, another program's, damaged, or of a newer version.
        OSError: it cannot be read.
    """
    path = directory / FILE
    if path.is_dir():
        raise StoreError(f"{str(path)!r} is a directory, where a run has its database; give another run_dir")
    if not path.exists() or path.stat().st_size == 0:
        _look_for_loss(directory)
        return
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if not header.startswith(_MAGIC):
        raise StoreError(
            f"{str(path)!r} is not a run of gepa-core: it is not a database, or it is damaged; give another"
            " run_dir, or put a backup in its place"
        )
    if int.from_bytes(header[_APPLICATION_AT : _APPLICATION_AT + 4], "big") != APPLICATION_ID:
        raise StoreError(
            f"{str(path)!r} is not a run of gepa-core but another program's database; give another run_dir"
        )
    version = int.from_bytes(header[_VERSION_AT : _VERSION_AT + 4], "big")
    if version > VERSION:
        raise StoreError(
            f"{str(path)!r} was written by a newer gepa-core (format {version}, this one reads {VERSION});"
            " upgrade gepa-core or give another run_dir"
        )


def _look_for_loss(directory: Path) -> None:
    """An empty file is a run that has not begun, unless something beside it says otherwise."""
    tally.check(directory, 0)
    log = directory / LOG
    if log.exists() and log.stat().st_size:
        raise damaged(directory, f"{FILE!r} is empty, but its log {LOG!r} is not")


def lock(directory: Path) -> BaseFileLock:
    """Keep every other writer out, until the lock is released or the process ends.

    Raises:
        StoreError: there is another writer.
        OSError: the file cannot be written.
    """
    from filelock import FileLock, Timeout

    held = FileLock(directory / LOCK, blocking=False, mode=0o600, thread_local=False)
    try:
        held.acquire()
    except Timeout:
        raise StoreError(
            f"the run in {str(directory)!r} is in use by another process, or by another call in this one;"
            " wait for it, or give another run_dir"
        ) from None
    return held


def paid_in(directory: Path) -> int:
    """How many paid rows are in a locked run, which is checked without a change to its files.

    Raises:
        StoreError: it is damaged, or rows were lost.
        OSError: it cannot be read.
        sqlite3.Error: the same.
    """
    path = directory / FILE
    if not path.exists() or path.stat().st_size == 0:
        return 0
    with closing(connect(path, "ro")) as connection:
        _check(connection, directory)
        (paid,) = connection.execute(_PAID).fetchone()
    tally.check(directory, paid)
    return int(paid)


def _check(connection: sqlite3.Connection, directory: Path) -> None:
    """Tables and indexes have to agree, or what was paid for would not be found.

    Raises:
        StoreError: they do not.
    """
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise damaged(directory, str(verdict).replace("\n", " "))


def to_write(directory: Path) -> sqlite3.Connection:
    """The database of a locked run that was checked, made if need be.

    Raises:
        OSError: it cannot be written.
        sqlite3.Error: the same.
    """
    path = directory / FILE
    private.touch(path)
    is_new = path.stat().st_size == 0
    connection = connect(path, "rw")
    try:
        if is_new:
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def to_read(directory: Path) -> sqlite3.Connection:
    """The database of a run, for looking.

    Raises:
        StoreError: it has not begun.
        sqlite3.Error: it cannot be read.
    """
    path = directory / FILE
    if path.stat().st_size == 0:
        raise StoreError(f"the run in {str(directory)!r} has not begun: {FILE!r} is empty")
    connection = connect(path, "ro")
    try:
        connection.execute("SELECT 1 FROM meta").close()
    except BaseException:
        connection.close()
        raise
    return connection


def in_memory() -> sqlite3.Connection:
    """A database without a file."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(SCHEMA)
    return connection


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection that may be used from any thread, one at a time; ``mode`` is ``"rw"`` or ``"ro"``."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"  # a URI cannot say where a relative path begins
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)


def leave_one_file(connection: sqlite3.Connection) -> None:
    """Fold the log into the database and mark it as having none, so that it can be read where nothing can
    be written. While somebody reads it stays as it is."""
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA journal_mode = DELETE").close()
    except sqlite3.Error:
        return
