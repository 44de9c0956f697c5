"""The open store: what is written, and what is read back."""

from __future__ import annotations

import functools
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gepa_core import private
from gepa_core.codec import decode, encode
from gepa_core.errors import StoreError
from gepa_core.protocols import Completion
from gepa_core.scores import Packing
from gepa_core.store import opening
from gepa_core.store.bodies import body_of, outcome_in
from gepa_core.store.consistency import problem_of
from gepa_core.store.dictionaries import Dictionaries
from gepa_core.store.explaining import damaged, explained, explanation
from gepa_core.store.layout import FILE, OutcomeKey, Record, outcome_key, seal_of
from gepa_core.store.tally import Tally
from gepa_core.types import Example, Outcome, Proposal, Purpose, Usage

if TYPE_CHECKING:
    from filelock import BaseFileLock

T = TypeVar("T")

_BY_KEY = "candidate = ? AND split = ? AND example = ? AND draw = ?"


class Store:
    """The open store of one run. Use `Store.open` to write and `Store.read` to look only.

    Every method raises `StoreError` when the database cannot be read or written, or when what it holds is
    not what was written.
    """

    def __init__(
        self,
        directory: Path,
        connection: sqlite3.Connection,
        lock: BaseFileLock | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.directory = directory
        self._connection = connection
        self._lock = lock
        self._tally = tally
        self._dictionaries = Dictionaries(self._dictionary)
        self._unpaid: set[OutcomeKey] = set()
        """Outcomes that were saved through this object and that no proposal was charged for."""

    @classmethod
    def open(cls, directory: Path) -> Store:
        """Open the run in ``directory`` for writing, making it if need be.

        Raises:
            StoreError: the directory cannot be written, is in use, was written by a newer version, is
                damaged, or holds a file of that name that is no run.
        """
        with explained(directory):
            private.make_directory(directory)
            opening.look_at(directory)
            lock = opening.lock(directory)
            try:
                tally = Tally(directory, opening.paid_in(directory))
                try:
                    connection = opening.to_write(directory)
                except BaseException:
                    tally.close()
                    raise
            except BaseException:
                lock.release()
                raise
        return cls(directory, connection, lock, tally)

    @classmethod
    def read(cls, directory: Path) -> Store:
        """Open the run in ``directory`` for reading, also while another process writes it.

        Raises:
            StoreError: there is no run, or it cannot be read.
        """
        with explained(directory):
            if not (directory / FILE).exists():
                raise StoreError(f"there is no run in {str(directory)!r}: it has no file {FILE!r}")
            opening.look_at(directory)
            connection = opening.to_read(directory)
        return cls(directory, connection)

    @classmethod
    def in_memory(cls) -> Store:
        """A store that is gone when it is closed."""
        return cls(Path(), opening.in_memory())

    def close(self) -> None:
        """Close the database and let other processes in."""
        if self._lock is not None:
            opening.leave_one_file(self._connection)
        self._connection.close()
        if self._tally is not None:
            self._tally.close()
        if self._lock is not None:
            self._lock.release()

    # facts about the run ------------------------------------------------

    def meta(self) -> dict[str, str]:
        """Everything that `set_meta` wrote."""
        rows = self._rows("SELECT seal, value, key FROM meta ORDER BY key")
        return {key: self._intact("fact", *row) for row in rows for key in row[2:]}

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Write facts about the run, replacing those of the same key.

        Halves of surrogate pairs, which SQLite refuses and error messages may hold, are written out.
        """
        written = {key: value.encode(errors="backslashreplace").decode() for key, value in values.items()}
        rows = [(key, value, seal_of(value, key)) for key, value in written.items()]
        with self._transaction() as run:
            run.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", rows)

    @property
    def holds_nothing_paid(self) -> bool:
        """Whether neither a rollout nor an answer of the reflection model is in it."""
        return self._row("SELECT 1 FROM outcomes UNION ALL SELECT 1 FROM answers LIMIT 1") is None

    # outcomes -----------------------------------------------------------

    def outcome(self, key: OutcomeKey) -> Outcome | None:
        """The outcome that is known by ``key``, if any."""
        row = self._row(f"SELECT seal, body, purpose FROM outcomes WHERE {_BY_KEY}", key)
        return self._outcome(row, key) if row else None

    def _outcome(self, row: Sequence[Any], key: OutcomeKey) -> Outcome:
        body = self._intact("outcome", *row, *key)
        return self._decoded("outcome", lambda: outcome_in(self._dictionaries.decompress(body, key[0]), key))

    def outcomes_on(self, candidate: str, examples: Sequence[Example], draw: int) -> dict[str, Outcome]:
        """The known outcomes of ``candidate`` on ``examples``, by example id, in the examples' order.

        Splits on which the candidate never ran cost one look each, however many examples there are.
        """
        statement = "SELECT 1 FROM outcomes WHERE candidate = ? AND split = ? LIMIT 1"
        splits = {
            split: self._row(statement, (candidate, split))
            for split in dict.fromkeys(example.split for example in examples)
        }
        examples = [example for example in examples if splits[example.split]]
        known = {
            example.id: self.outcome((candidate, example.split, example.id, draw)) for example in examples
        }
        return {id_: outcome for id_, outcome in known.items() if outcome is not None}

    def outcomes(self, purpose: Purpose) -> Iterator[Outcome]:
        """The outcomes that were first wanted for ``purpose``, oldest first."""
        statement = (
            "SELECT seal, body, purpose, candidate, split, example, draw FROM outcomes"
            " WHERE purpose = ? ORDER BY rowid"
        )
        for row in self._rows(statement, (purpose,)):
            yield self._outcome(row[:3], (row[3], row[4], row[5], row[6]))

    def save_outcome(self, outcome: Outcome, purpose: Purpose) -> Outcome:
        """Write an outcome. It belongs to no proposal until one that used it is committed.

        Returns:
            The outcome as it will be read back, so that a run that goes on and one that is resumed see
            the same, whatever objects an app or a metric put into it.
        """
        record, read_back = self.record(outcome, purpose)
        self.save_records([record])
        return read_back

    def record(self, outcome: Outcome, purpose: Purpose) -> tuple[Record, Outcome]:
        """The row for `save_records` that holds an outcome, and the outcome as it will be read back."""
        text, key = body_of(outcome), outcome_key(outcome)
        body = self._dictionaries.compress(text, outcome.candidate)
        return (*key, purpose, body, seal_of(body, purpose, *key)), outcome_in(text, key)

    def save_records(self, records: Sequence[Record]) -> None:
        """Write outcomes as `record` made them: all in one transaction, or none."""
        unwritten = self._dictionaries.unwritten
        packed = [(candidate, zlib.compress(text, level=1)) for candidate, text in unwritten.items()]
        with self._paid(len(records)) as run:
            # One that is there was written when the count beside the database could not be.
            run.executemany(
                "INSERT OR IGNORE INTO dictionaries VALUES (?, ?, ?)",
                [(candidate, body, seal_of(body, candidate)) for candidate, body in packed],
            )
            run.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, NULL, ?, ?)", records)
        unwritten.clear()
        self._unpaid.update(record[:4] for record in records)

    def _dictionary(self, candidate: str) -> bytes | None:
        row = self._row("SELECT seal, body FROM dictionaries WHERE candidate = ?", (candidate,))
        return self._intact("dictionary", *row, candidate) if row else None

    def forget(self, keys: Iterable[OutcomeKey]) -> None:
        """Delete outcomes that no proposal was charged for, so that they can be tried anew."""
        unpaid = self.uncharged(keys)
        self._count(-len(unpaid))  # first, since too small a count is harmless
        with self._transaction() as run:
            run.executemany(f"DELETE FROM outcomes WHERE {_BY_KEY}", unpaid)
        self._unpaid.difference_update(unpaid)

    def uncharged(self, keys: Iterable[OutcomeKey]) -> list[OutcomeKey]:
        """Those of ``keys`` that no committed proposal has been charged for, in the same order."""
        statement = f"SELECT 1 FROM outcomes WHERE {_BY_KEY} AND proposal IS NULL"
        return [key for key in keys if key in self._unpaid or self._row(statement, key)]

    # answers of the reflection model --------------------------------------

    def answer(self, number: int, prompt: str, occurrence: int) -> Completion | None:
        """The stored answer to the ``occurrence``-th time that proposal ``number`` asked ``prompt``."""
        key = (number, prompt, occurrence)
        statement = "SELECT seal, body FROM answers WHERE number = ? AND prompt = ? AND occurrence = ?"
        row = self._row(statement, key)
        return self._answer((*row, *key)) if row else None

    def answers(self, number: int) -> list[Completion]:
        """Every answer that was given to proposal ``number``, in the order in which they arrived."""
        statement = (
            "SELECT seal, body, number, prompt, occurrence FROM answers WHERE number = ? ORDER BY rowid"
        )
        return [self._answer(row) for row in self._rows(statement, (number,))]

    def _answer(self, row: Sequence[Any]) -> Completion:
        body = self._intact("answer", *row)
        return self._decoded("answer", lambda: decode(body, Completion))

    def save_answer(self, number: int, prompt: str, occurrence: int, completion: Completion) -> None:
        """Write an answer."""
        key, body = (number, prompt, occurrence), encode(completion)
        with self._paid() as run:
            run.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", (*key, body, seal_of(body, *key)))

    # attempts that came to nothing ------------------------------------------

    def save_fault(self, number: int, purpose: str, usage: Usage) -> None:
        """Note what an attempt for proposal ``number`` used that ended by an infrastructure fault."""
        body = encode(usage)
        with self._transaction() as run:
            run.execute(
                "INSERT INTO faults VALUES (?, ?, ?, ?)",
                (number, purpose, body, seal_of(body, number, purpose)),
            )

    def faults(self, number: int | None = None) -> list[tuple[str, Usage]]:
        """Purpose and usage of each attempt that `save_fault` noted, of one proposal or all, in order."""
        where, values = ("", ()) if number is None else ("WHERE number = ?", (number,))
        statement = f"SELECT seal, body, number, purpose FROM faults {where} ORDER BY rowid"
        found = [(row[3], self._intact("fault", *row)) for row in self._rows(statement, values)]
        return [
            (purpose, self._decoded("fault", functools.partial(decode, body, Usage)))
            for purpose, body in found
        ]

    # what no proposal has paid for yet ----------------------------------------

    def pending_outcomes(self) -> Iterator[tuple[str, Outcome]]:
        """Purpose and outcome of each rollout that no committed proposal was charged for, oldest first.

        They are those of proposals under way, or cut off by the end of the run; not those on the test set.
        """
        statement = (
            "SELECT seal, body, purpose, candidate, split, example, draw FROM outcomes"
            " WHERE proposal IS NULL AND purpose != 'test' ORDER BY rowid"
        )
        for row in self._rows(statement):
            yield row[2], self._outcome(row[:3], (row[3], row[4], row[5], row[6]))

    def pending_answers(self) -> list[Completion]:
        """The answers that were given to proposals that are not committed, oldest first."""
        statement = (
            "SELECT seal, body, number, prompt, occurrence FROM answers"
            " WHERE number > (SELECT coalesce(max(number), -1) FROM proposals) ORDER BY rowid"
        )
        return [self._answer(row) for row in self._rows(statement)]

    # proposals ------------------------------------------------------------

    def proposals(self) -> list[Proposal]:
        """The committed proposals, in order, numbered from 0 without gaps."""
        rows = self._rows("SELECT seal, body, number FROM proposals ORDER BY number")
        bodies = (self._intact("proposal", *row) for row in rows)
        packed = Packing().packed  # one by one, since scores take fifteen times as much room as they are read
        proposals = self._decoded("proposal", lambda: [packed(decode(body, Proposal)) for body in bodies])
        problem = problem_of(proposals)
        if problem:
            raise damaged(self.directory, problem)
        return proposals

    def commit(self, proposal: Proposal, charged: Iterable[OutcomeKey]) -> None:
        """Write a proposal and charge it with outcomes, both or neither."""
        number, body, charged = proposal.number, encode(proposal), list(charged)
        with self._transaction() as run:
            run.execute("INSERT INTO proposals VALUES (?, ?, ?)", (number, body, seal_of(body, number)))
            run.executemany(
                f"UPDATE outcomes SET proposal = ? WHERE {_BY_KEY}", ((number, *key) for key in charged)
            )
        self._unpaid.difference_update(charged)

    # reading and writing ----------------------------------------------------

    def _row(self, statement: str, values: Sequence[Any] = ()) -> Sequence[Any] | None:
        """The first row that ``statement`` finds."""
        try:
            row: Sequence[Any] | None = self._connection.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            raise explanation(self.directory, error) from error
        return row

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """Every row that ``statement`` finds, one by one."""
        with explained(self.directory), closing(self._connection.execute(statement, values)) as found:
            yield from found

    def _intact(self, what: str, seal: Any, body: T, *key: Any) -> T:
        """``body``, if it and its key are what was written."""
        if not isinstance(body, str | bytes) or seal_of(body, *key) != seal:
            raise damaged(self.directory, f"a stored {what} is not what was written")
        return body

    def _decoded(self, what: str, decoded: Callable[[], T]) -> T:
        """What ``decoded`` returns, for a body that may have been written by anyone."""
        try:
            return decoded()
        except StoreError:
            raise
        except Exception as error:
            raise damaged(
                self.directory, f"a stored {what} cannot be read ({type(error).__name__}: {error})"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.directory), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    @contextmanager
    def _paid(self, rows: int = 1) -> Iterator[sqlite3.Connection]:
        """A transaction that writes so many rows that were paid for."""
        with self._transaction() as run:
            yield run
        self._count(rows)

    def _count(self, rows: int) -> None:
        with explained(self.directory):
            if self._tally is not None:
                self._tally.add(rows)
