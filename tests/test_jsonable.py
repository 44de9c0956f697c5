"""Anything becomes JSON, the same way in every process, and nothing makes it fail."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import pathlib
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.jsonable import Limits, to_jsonable


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


@attrs.frozen
class Pair:
    left: object
    right: object


class Named(NamedTuple):
    a: int
    b: str


class Message:
    type = "ai"

    def __init__(self) -> None:
        self.content = [{"type": "text", "text": "hi"}]
        self.tool_calls = [{"name": "look", "args": {"q": 1}, "id": "1"}]
        self.noise = object()


class Document:
    page_content = "text"
    metadata = {"source": "a"}  # noqa: RUF012
    vector = object()


class Hostile:
    @property
    def content(self) -> str:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


class PydanticLike:
    model_fields = {"a": None, "b": None}  # noqa: RUF012
    model_extra = {"c": 3}  # noqa: RUF012

    def __init__(self) -> None:
        self.a, self.b, self.c = 1, Point(1), 3

    def model_dump(self) -> dict[str, object]:
        raise AssertionError("it is read field by field")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (Colour.RED, "red"),
        (Decimal("1.10"), "1.10"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (b"abc", "<3 bytes, sha256 ba7816bf8f01cfea>"),
        ((1, [2, {3}]), [1, [2, [3]]]),
        ({1: "a", "1": "b"}, {"1": "a", "1 (2)": "b"}),
        ({"b", "a"}, ["a", "b"]),
        (Point(1, Pair(2, "z")), {"x": 1, "y": {"left": 2, "right": "z"}}),
        (Named(1, "x"), {"a": 1, "b": "x"}),
        (PydanticLike(), {"a": 1, "b": {"x": 1, "y": None}, "c": 3}),
        (Document(), {"page_content": "text", "metadata": {"source": "a"}}),
        (ValueError("bad"), "ValueError: bad"),
        (int, "int"),
        ("\ud800", "\\ud800"),
        ("data:image/png;base64,AAAA", "data:image/png;base64,<4 characters, sha256 63c1dd951ffedf6f>"),
    ],
)
def test_known_values(value: object, expected: object) -> None:
    assert to_jsonable(value) == expected


def test_a_message_keeps_what_a_reader_needs() -> None:
    assert to_jsonable(Message()) == {
        "role": "ai",
        "content": [{"type": "text", "text": "hi"}],
        "tool_calls": [{"name": "look", "args": {"q": 1}, "id": "1"}],
    }


def test_no_memory_address_is_written() -> None:
    assert "0x" not in str(to_jsonable([object(), lambda: 1, Limits]))


def test_a_cycle_ends() -> None:
    loop: list[object] = [1]
    loop.append(loop)
    assert to_jsonable(loop) == [1, "<cycle: list>"]


def test_the_same_object_twice_is_no_cycle() -> None:
    shared = [1]
    assert to_jsonable([shared, shared]) == [[1], [1]]


def test_what_raises_is_named() -> None:
    assert to_jsonable([Hostile(), 1]) == ["<unreadable Hostile: RuntimeError>", 1]


def test_an_iterator_is_not_consumed() -> None:
    values: Iterator[int] = iter([1, 2])
    to_jsonable(values)
    assert list(values) == [1, 2]


def test_cuts_are_said() -> None:
    limits = Limits(depth=2, items=2, chars=9, nodes=100)
    assert to_jsonable([1, 2, 3, 4], limits) == [1, 2, "<cut: 2 more items>"]
    assert to_jsonable({"a": 1, "b": 2, "c": 3}, limits) == {"a": 1, "b": 2, "<cut>": "1 more entries"}
    assert to_jsonable("abcdefghijkl", limits) == "abcdef<cut: 3 characters>jkl"
    assert to_jsonable([[[1]]], limits) == [["<cut: list, nested deeper than 2 levels>"]]


def test_the_whole_is_bounded() -> None:
    written = json.dumps(to_jsonable([[1] * 100] * 100, Limits(nodes=500)))
    assert len(written) < 5_000
    assert "cut" in written


def test_a_huge_integer_can_be_written() -> None:
    json.dumps(to_jsonable(10**6000))


_anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner) | st.builds(Pair, inner, inner)
    ),
)


@given(_anything)
def test_everything_is_strict_json_in_utf8(value: object) -> None:
    json.dumps(to_jsonable(value), allow_nan=False, ensure_ascii=False).encode()


@given(_anything)
def test_json_is_left_as_it_is(value: object) -> None:
    once = to_jsonable(value)
    assert to_jsonable(once) == once
