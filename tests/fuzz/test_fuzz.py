"""Whatever a model answers, a file holds or a database contains: a value or an error that says so."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, example, given, settings

from gepa_core.store import FILE
from tests.core.toys import Toy, search
from tests.fuzz import targets

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

_PIECES = (
    "```", "````", "~~~",
    "```text\n", "\n", "<new_prompt>", "</new_prompt>", "<think>", "</think>", "\"", "“",
    "Here is the new prompt:", "I cannot help with that.", "{question}", "{{question}}", "{", "}", "{%", "%}",
    "{#", "{{#a}}", "{{/a}}", "{x.__class__}", "{x!r:{y}}", "{% if a %}", "{% endif %}", "\x00",
    "\ud800", "Answer ",
)  # fmt: skip
_text = st.text(st.characters(exclude_categories=()), max_size=30)
pieced = st.lists(st.one_of(st.sampled_from(_PIECES), _text), max_size=14).map("".join)

_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)


@few
@given(pieced, pieced, st.sampled_from(["", "stop", "length", "content_filter"]))
def test_answers(answer: str, current: str, finish_reason: str) -> None:
    """Of the reflection model."""
    targets.answer(answer, current, finish_reason)


@settings(few, max_examples=150)
@given(pieced, pieced)
def test_templates(original: str, rewritten: str) -> None:
    """And what is proposed in their place."""
    targets.templates(original, rewritten)


@few
@example(b"[" * 100_000)
@example(b'"' + b"x" * 200_000 + b'"')
@given(
    st.binary(max_size=200)
    | pieced.map(lambda text: text.encode(errors="replace"))
    | _plain.map(json.dumps).map(str.encode)
)
def test_data_files(content: bytes) -> None:
    """JSON Lines and CSV."""
    targets.data_files(content)


@few
@example(b'{"components":' + b"[" * 100_000)
@given(
    st.binary(max_size=200)
    | _plain.map(json.dumps).map(str.encode)
    | _plain.map(lambda value: json.dumps({"components": value}).encode())
)
def test_saved_texts(content: bytes) -> None:
    """What `gepa_core.apply` reads."""
    targets.saved_texts(content)


@cache
def stored() -> bytes:
    """The file of a real run."""
    with tempfile.TemporaryDirectory() as directory:
        search(Toy(), Path(directory), budget=40)
        return Path(directory, FILE).read_bytes()


def _spoilt(edits: list[tuple[float, bytes]]) -> bytes:
    data = bytearray(stored())
    for place, piece in edits:
        begin = int(place * len(data))
        data[begin : begin + len(piece)] = piece
    return bytes(data)


@few
@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(b"SQLite format 3\x00".__add__)
    | st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=64)), max_size=6).map(_spoilt)
)
def test_any_file_as_a_run(content: bytes) -> None:
    """Any bytes, and a run in which some are others."""
    targets.store_file(content)


_FIELDS = ("number", "kind", "seen", "parents", "status", "texts", "scores", "candidate", "example", "split",
           "feedback", "score", "trajectory", "steps", "usage", "calls", "text")  # fmt: skip
_values = st.one_of(
    _plain, st.sampled_from(["seed", "mutation", "accepted", "dropped", "val", 0, 1, -1, 10**30])
)
rows: Any = st.dictionaries(st.sampled_from(_FIELDS), _values, max_size=8) | _plain


@few
@example([[[]]] * 3)
@given(rows)
def test_any_json_in_the_rows(value: object) -> None:
    """With the right checksum, as somebody may write it who means harm."""
    targets.store_rows(targets.as_json(value))


def test_deep_json_in_the_rows() -> None:
    """Deeper than Python's stack."""
    targets.store_rows("[" * 100_000 + "]" * 100_000)
