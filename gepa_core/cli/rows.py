"""Data files: JSON Lines and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gepa_core.cli.wording import place
from gepa_core.errors import DataError

_LONGEST_NAME = 64


def read_rows(path: Path) -> list[Any]:
    """The rows of a file: any JSON value each in ``.jsonl``, a mapping from column to text in ``.csv``.

    Raises:
        DataError: the file is missing, empty, of another kind, or malformed; names the line.
    """
    readers = {".jsonl": _read_jsonl, ".ndjson": _read_jsonl, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"{place(path)!r}: data has to be in a .jsonl file (one JSON value a line) or a .csv file with a"
            f" header, not in {path.suffix or 'a file without suffix'!r}"
        )
    try:
        # A BOM, as spreadsheets write it, is no part of the first column's name.
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{place(path)!r} is not UTF-8 ({error}); save it as UTF-8") from None
    except OSError as error:
        raise DataError(
            f"{place(path)!r} cannot be read: {error.strerror or error}. {_nearby(path)}"
        ) from None
    rows = list(reader(path, text))
    if not rows:
        raise DataError(f"{place(path)!r} holds no examples; write at least one")
    return rows


def _nearby(path: Path) -> str:
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"There is no directory {str(folder)!r}; check the path"
    found = sorted(one.name for one in folder.iterdir() if one.suffix.lower() in (".jsonl", ".csv"))
    return f"Data files in {str(folder)!r}: {', '.join(found) or 'none'}"


def _read_jsonl(path: Path, text: str) -> Iterator[Any]:
    # Only a line feed ends a line: str.splitlines would also split inside of JSON strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = (
                f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else error
            )
            raise DataError(
                f"{place(path)!r}, line {number}: not JSON ({reason}); each line has to be one JSON value"
            ) from None


def _read_csv(path: Path, text: str) -> Iterator[dict[str, str]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not cells:
                continue
            if header is None:
                header = _header(path, cells)
            elif len(cells) != len(header):
                raise DataError(
                    f"{place(path)!r}, line {reader.line_num}: {len(cells)} cells, and the header has"
                    f" {len(header)} columns; put cells that hold commas or line breaks into double quotes"
                )
            else:
                yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise DataError(f"{place(path)!r}, line {reader.line_num}: malformed CSV ({error})") from None


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(set(names)) < len(names) or not all(map(_is_name, names)):
        raise DataError(
            f"{place(path)!r} has no header: its first line, {_shown(cells)}, does not name the columns. Put"
            " a line such as 'input,expected' above it"
        )
    return names


def _is_name(cell: str) -> bool:
    """Whether a cell can be a column's name: not empty, not long, and no number."""
    try:
        float(cell)
    except ValueError:
        return bool(cell) and len(cell) <= _LONGEST_NAME and "\n" not in cell
    return False


def _shown(cells: list[str]) -> str:
    line = ",".join(cells)
    return repr(line if len(line) <= 80 else f"{line[:77]}...")
