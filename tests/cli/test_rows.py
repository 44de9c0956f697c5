"""Data files, well formed and not."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gepa_core.cli.rows import read_rows
from gepa_core.errors import DataError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
COLUMNS = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=4, unique=True)
ON_ONE_PATH = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)


@ON_ONE_PATH
@given(rows=st.lists(JSON, min_size=1))
def test_json_lines_survive(tmp_path: Path, rows: list[Any]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8", "surrogatepass"
    )
    assert read_rows(path) == rows


@ON_ONE_PATH
@given(data=st.data(), columns=COLUMNS)
def test_csv_survives(tmp_path: Path, data: st.DataObject, columns: list[str]) -> None:
    cell = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]))
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, cell)), min_size=1))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    path = tmp_path / "rows.csv"
    path.write_text(text.getvalue(), "utf-8", newline="")
    assert read_rows(path) == rows


def test_cells_may_hold_line_breaks_and_a_bom_is_no_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('\ufeffinput,expected\n"two\nlines",yes\n\n', "utf-8")
    assert read_rows(path) == [{"input": "two\nlines", "expected": "yes"}]


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n\n  \n"\u2028"')
    assert read_rows(path) == [{"a": 1}, "\u2028"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": \n', "'a.jsonl', line 2: not JSON (Expecting value at column 7)"),
        ("a.jsonl", "", "'a.jsonl' holds no examples"),
        ("a.json", "[]", "'a.json': data has to be in a .jsonl file"),
        ("a", "[]", "not in 'a file without suffix'"),
        ("a.csv", "input,expected\n", "'a.csv' holds no examples"),
        ("a.csv", "1,yes\n2,no\n", "'a.csv' has no header: its first line, '1,yes', does not name"),
        ("a.csv", "yes,yes\nno,yes\n", "has no header"),
        ("a.csv", f"{'I was charged twice. ' * 5},billing\n", "has no header"),
        ("a.csv", "input,expected\nx,y\nx\n", "'a.csv', line 3: 1 cells, and the header has 2 columns"),
        ("a.csv", 'input,expected\n"x,y\n', "'a.csv', line 2: malformed CSV"),
    ],
)
def test_what_is_malformed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        read_rows(tmp_path / name)
    assert said in str(caught.value)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes('"é"'.encode("latin-1"))
    with pytest.raises(DataError, match=r"is not UTF-8 .*; save it as UTF-8"):
        read_rows(path)


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("1")
    with pytest.raises(DataError, match=r"Data files in .*: train\.jsonl"):
        read_rows(tmp_path / "trian.jsonl")
    with pytest.raises(DataError, match="There is no directory"):
        read_rows(tmp_path / "nowhere" / "train.jsonl")
