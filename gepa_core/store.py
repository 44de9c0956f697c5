"""The run directory: one SQLite database that holds every fact that was paid for.

An outcome or an answer is written, and the transaction committed, before it is used. The journal mode is
WAL with ``synchronous=NORMAL``: killing the process loses nothing, and a power cut may lose the last
moments but leaves a consistent database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from gepa_core.codec import compress, decode, encode, unpack
from gepa_core.errors import StoreError
from gepa_core.protocols import Completion
from gepa_core.types import Example, Outcome, Proposal, Purpose, Split

if TYPE_CHECKING:
    from filelock import BaseFileLock

FILE = "run.sqlite"
APPLICATION_ID = 0x47455041  # "GEPA"
VERSION = 1

OutcomeKey: TypeAlias = tuple[str, Split, str, int]
"""Candidate id, split, example id, draw."""

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE proposals (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE outcomes (
    candidate TEXT, split TEXT, example TEXT, draw INTEGER,
    purpose TEXT NOT NULL, proposal INTEGER, body BLOB NOT NULL,
    PRIMARY KEY (candidate, split, example, draw)
);
CREATE TABLE answers (number INTEGER, prompt TEXT, occurrence INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (number, prompt, occurrence));
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""
_BY_KEY = "candidate = ? AND split = ? AND example = ? AND draw = ?"


def outcome_key(outcome: Outcome) -> OutcomeKey:
    """What an outcome is found by."""
    return outcome.candidate, outcome.split, outcome.example, outcome.draw


class Store:
    """The open store of one run. Use `Store.open` to write and `Store.read` to look only."""

    def __init__(self, directory: Path, connection: sqlite3.Connection, lock: BaseFileLock | None) -> None:
        self.directory = directory
        self._connection = connection
        self._lock = lock

    @classmethod
    def open(cls, directory: Path) -> Store:
        """Open the run in ``directory`` for writing, making it if need be.

        Raises:
            StoreError: the directory cannot be written, is in use by another process, was written by a
                newer version, or holds a file of that name that is no run.
        """
        with _explained(directory):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = _acquire(directory)
            try:
                path = (directory / FILE).absolute()  # a URI cannot say where a relative path begins
                path.touch(mode=0o600)
                connection = _opened(path, "rw", _prepare)
            except BaseException:
                lock.release()
                raise
        return cls(directory, connection, lock)

    @classmethod
    def read(cls, directory: Path) -> Store:
        """Open the run in ``directory`` for reading, also while another process writes it.

        Raises:
            StoreError: there is no run, or it cannot be read.
        """
        path = (directory / FILE).absolute()
        if not path.exists():
            raise StoreError(f"there is no run in {str(directory)!r}: it has no file {FILE!r}")
        with _explained(directory):
            connection = _opened(path, "ro", _check)
        return cls(directory, connection, None)

    def close(self) -> None:
        """Close the database and let other processes in."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    # facts about the run ------------------------------------------------

    def meta(self) -> dict[str, str]:
        """Everything that `set_meta` wrote."""
        return dict(self._connection.execute("SELECT key, value FROM meta ORDER BY key"))

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Write facts about the run, replacing those of the same key.

        Halves of surrogate pairs, which SQLite refuses and error messages may hold, are written out.
        """
        rows = [(key, value.encode(errors="backslashreplace").decode()) for key, value in values.items()]
        with self._transaction() as run:
            run.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    @property
    def holds_nothing_paid(self) -> bool:
        """Whether neither a rollout nor an answer of the reflection model is in it."""
        found = self._connection.execute("SELECT 1 FROM outcomes UNION ALL SELECT 1 FROM answers LIMIT 1")
        return found.fetchone() is None

    # outcomes -----------------------------------------------------------

    def outcome(self, key: OutcomeKey) -> Outcome | None:
        """The outcome that is known by ``key``, if any."""
        row = self._connection.execute(f"SELECT body FROM outcomes WHERE {_BY_KEY}", key).fetchone()
        return unpack(row[0], Outcome) if row else None

    def outcomes_on(self, candidate: str, examples: Sequence[Example], draw: int) -> dict[str, Outcome]:
        """The known outcomes of ``candidate`` on ``examples``, by example id, in the examples' order.

        Splits on which the candidate never ran cost one look each, however many examples there are.
        """
        statement = "SELECT 1 FROM outcomes WHERE candidate = ? AND split = ? LIMIT 1"
        splits = {
            split: self._connection.execute(statement, (candidate, split)).fetchone()
            for split in dict.fromkeys(example.split for example in examples)
        }
        examples = [example for example in examples if splits[example.split]]
        known = {
            example.id: self.outcome((candidate, example.split, example.id, draw)) for example in examples
        }
        return {id_: outcome for id_, outcome in known.items() if outcome is not None}

    def outcomes(self, purpose: Purpose) -> Iterator[Outcome]:
        """The outcomes that were first wanted for ``purpose``, oldest first."""
        rows = self._connection.execute(
            "SELECT body FROM outcomes WHERE purpose = ? ORDER BY rowid", (purpose,)
        )
        for (body,) in rows:
            yield unpack(body, Outcome)

    def save_outcome(self, outcome: Outcome, purpose: Purpose) -> Outcome:
        """Write an outcome. It belongs to no proposal until one that used it is committed.

        Returns:
            The outcome as it will be read back, so that a run that goes on and one that is resumed see
            the same, whatever objects an app or a metric put into it.
        """
        text = encode(outcome)
        with self._transaction() as run:
            run.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (*outcome_key(outcome), purpose, compress(text)),
            )
        return decode(text, Outcome)

    def forget(self, keys: Iterable[OutcomeKey]) -> None:
        """Delete outcomes that no proposal was charged for, so that they can be tried anew."""
        with self._transaction() as run:
            run.executemany(f"DELETE FROM outcomes WHERE {_BY_KEY} AND proposal IS NULL", keys)

    def uncharged(self, keys: Iterable[OutcomeKey]) -> list[OutcomeKey]:
        """Those of ``keys`` that no committed proposal has been charged for, in the same order."""
        statement = f"SELECT 1 FROM outcomes WHERE {_BY_KEY} AND proposal IS NULL"
        return [key for key in keys if self._connection.execute(statement, key).fetchone()]

    # answers of the reflection model --------------------------------------

    def answer(self, number: int, prompt: str, occurrence: int) -> Completion | None:
        """The stored answer to the ``occurrence``-th time that proposal ``number`` asked ``prompt``."""
        row = self._connection.execute(
            "SELECT body FROM answers WHERE number = ? AND prompt = ? AND occurrence = ?",
            (number, prompt, occurrence),
        ).fetchone()
        return decode(row[0], Completion) if row else None

    def answers(self, number: int) -> list[Completion]:
        """Every answer that was given to proposal ``number``, in the order in which they arrived."""
        rows = self._connection.execute("SELECT body FROM answers WHERE number = ? ORDER BY rowid", (number,))
        return [decode(body, Completion) for (body,) in rows]

    def save_answer(self, number: int, prompt: str, occurrence: int, completion: Completion) -> None:
        """Write an answer."""
        with self._transaction() as run:
            run.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                (number, prompt, occurrence, encode(completion)),
            )

    # proposals ------------------------------------------------------------

    def proposals(self) -> list[Proposal]:
        """The committed proposals, in order."""
        rows = self._connection.execute("SELECT body FROM proposals ORDER BY number")
        return [decode(body, Proposal) for (body,) in rows]

    def commit(self, proposal: Proposal, charged: Iterable[OutcomeKey]) -> None:
        """Write a proposal and charge it with outcomes, both or neither."""
        with self._transaction() as run:
            run.execute("INSERT INTO proposals VALUES (?, ?)", (proposal.number, encode(proposal)))
            run.executemany(
                f"UPDATE outcomes SET proposal = ? WHERE {_BY_KEY}",
                ((proposal.number, *key) for key in charged),
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _explained(self.directory), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection


def _acquire(directory: Path) -> BaseFileLock:
    from filelock import FileLock, Timeout

    lock = FileLock(directory / "run.lock", blocking=False, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise StoreError(
            f"the run in {str(directory)!r} is in use by another process;"
            " wait for it, or give another run_dir"
        ) from None
    return lock


def _opened(path: Path, mode: str, prepare: Callable[[sqlite3.Connection, Path], None]) -> sqlite3.Connection:
    connection = _connect(f"{path.as_uri()}?mode={mode}")
    try:
        prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    with (
        closing(connection.execute("PRAGMA user_version")) as version,
        closing(connection.execute("SELECT count(*) FROM sqlite_master")) as tables,
    ):
        is_new = version.fetchone() == (0,) and tables.fetchone() == (0,)
    if is_new:
        connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
    _check(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreError(f"{str(path)!r} is not a run of gepa-core; give another run_dir")
    if version > VERSION:
        raise StoreError(
            f"{str(path)!r} was written by a newer gepa-core (format {version}, this one reads {VERSION});"
            " upgrade gepa-core or give another run_dir"
        )


@contextmanager
def _explained(directory: Path) -> Iterator[None]:
    """Errors of the file system and of SQLite, as errors that name the directory."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the run directory {str(directory)!r} cannot be used: {error}") from error
