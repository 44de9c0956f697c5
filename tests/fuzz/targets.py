"""What is fuzzed: each function takes any input and fails only when it finds something wrong.

Hypothesis draws inputs for them in `test_fuzz.py`; `coverage_guided.py` lets atheris look for them.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import zlib
from pathlib import Path

from gepa_core.appgraph import TemplateGuard, Unguardable
from gepa_core.cli.rows import read_rows
from gepa_core.data import as_examples
from gepa_core.errors import ConfigurationError, DataError, StoreError
from gepa_core.reflection.answer import extract_text
from gepa_core.reflection.extracted import NewText
from gepa_core.saved import SavedTexts
from gepa_core.store import FILE, Store
from gepa_core.store.layout import seal_of
from gepa_core.templates import Syntax, find_placeholders, template_problems, variable_of

SYNTAXES: tuple[Syntax, ...] = ("plain", "braces", "mustache", "jinja2")


def answer(text: str, current: str = "Answer {question}.", finish_reason: str = "") -> None:
    """An answer of the reflection model gives a text or a reason, and never the text that is there."""
    found = extract_text(text, current, finish_reason=finish_reason)
    if isinstance(found, NewText):
        assert found.text.strip()
        assert found.text != current
    else:
        assert found.reason


def templates(original: str, rewritten: str) -> None:
    """What the guard lets through has the placeholders of the original and no others; what it makes of it
    for the framework is filled in with nothing else."""
    for syntax in SYNTAXES:
        for token in find_placeholders(rewritten, syntax):
            variable_of(token)
        wanted = find_placeholders(original, syntax)
        if not template_problems(rewritten, wanted, syntax):
            assert set(find_placeholders(rewritten, syntax)) == set(wanted)
        with contextlib.suppress(Unguardable):
            guard = TemplateGuard.of(original, syntax)
            assert guard.to_template(guard.natural) == original
            if guard.problems(rewritten):
                with contextlib.suppress(ConfigurationError):
                    made = guard.to_template(rewritten)
                    assert rewritten == guard.natural, made
            elif syntax == "braces":
                _fills_in_nothing_new(original, guard.to_template(rewritten), rewritten)


def _fills_in_nothing_new(original: str, made: str, natural: str) -> None:
    """Of the two templates `str.format` reads the same fields, and the rest is the text that was proposed."""
    from string import Formatter

    def fields(template: str) -> set[tuple[str | None, str | None, str | None]]:
        return {part[1:] for part in Formatter().parse(template) if part[1] is not None}

    assert fields(made) == fields(original)
    pieces = [
        literal
        + (
            f"{{{field}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"
            if field is not None
            else ""
        )
        for literal, field, spec, conversion in Formatter().parse(made)
    ]
    assert "".join(pieces).replace(":}", "}") == natural.replace(":}", "}")


def data_files(content: bytes) -> None:
    """A data file gives rows that can be examples, or an error that names it."""
    with tempfile.TemporaryDirectory() as directory:
        for suffix in (".jsonl", ".csv"):
            file = Path(directory, f"rows{suffix}")
            file.write_bytes(content)
            with contextlib.suppress(DataError):
                as_examples(read_rows(file), "train")


def saved_texts(content: bytes) -> None:
    """A file of saved texts gives texts, or an error that names it."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "prompts.json")
        file.write_bytes(content)
        with contextlib.suppress(ConfigurationError):
            saved = SavedTexts.load(file)
            assert all(isinstance(text, str) for text in (*saved.texts.values(), *saved.seed.values()))


def store_file(content: bytes) -> None:
    """Any file in the place of a run is a run or an error, and an error leaves it as it was."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, FILE)
        file.write_bytes(content)
        try:
            _read_all(Store.read(Path(directory)))
        except StoreError:
            assert file.read_bytes() == content
        with contextlib.suppress(StoreError):
            Store.open(Path(directory)).close()


def store_rows(body: str) -> None:
    """Rows with right checksums and any content are read or refused, whoever wrote them."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        Store.open(directory).close()
        key, packed = ("c", "val", "e", 0), zlib.compress(body.encode())
        with contextlib.closing(sqlite3.connect(directory / FILE)) as connection, connection:
            connection.execute(
                "INSERT INTO meta VALUES ('fingerprint', ?, ?)", (body, seal_of(body, "fingerprint"))
            )
            connection.execute("INSERT INTO proposals VALUES (0, ?, ?)", (body, seal_of(body, 0)))
            connection.execute(
                "INSERT INTO answers VALUES (0, 'p', 0, ?, ?)", (body, seal_of(body, 0, "p", 0))
            )
            connection.execute(
                "INSERT INTO faults VALUES (0, 'seed', ?, ?)", (body, seal_of(body, 0, "seed"))
            )
            connection.execute("INSERT INTO dictionaries VALUES ('c', ?, ?)", (packed, seal_of(packed, "c")))
            connection.execute(
                "INSERT INTO outcomes VALUES (?, ?, ?, ?, 'seed', NULL, ?, ?)",
                (*key, packed, seal_of(packed, "seed", *key)),
            )
        _read_all(Store.read(directory))


def _read_all(store: Store) -> None:
    """Everything that it can be asked; each question has an answer or a `StoreError`."""
    from gepa_core.fingerprint import check

    try:
        for ask in (
            store.meta,
            store.proposals,
            lambda: list(store.outcomes("seed")),
            lambda: list(store.pending_outcomes()),
            store.pending_answers,
            lambda: store.answers(0),
            store.faults,
            lambda: store.outcome(("c", "val", "e", 0)),
            lambda: store.holds_nothing_paid,
            lambda: check(store, {}),
        ):
            with contextlib.suppress(StoreError, ConfigurationError):
                ask()
    finally:
        store.close()


def as_json(value: object) -> str:
    """``value`` as the body of a row."""
    return json.dumps(value)
