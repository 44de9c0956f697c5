"""The user's rows as examples: split into inputs and expectation, and known by their content."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from gepa_core.errors import DataError
from gepa_core.jsonable import Limits, to_jsonable
from gepa_core.types import Example, Json, Split, content_id

_INPUT_KEYS = ("inputs", "input")
_EXPECTED_KEY = "expected"
_OPAQUE = re.compile(
    r"<(?:[\w.<>]+ )+object\b.*>|<(?:_io\.|bound method |built-in |weakref |unreadable ).*>"
    r"|<cut: \w+, nested deeper than .*>",
    re.DOTALL,
)
"""How `to_jsonable` shows what has no content that could be written: handles, generators, plain objects."""

_WHOLE = Limits(depth=100, items=sys.maxsize, chars=sys.maxsize, nodes=sys.maxsize)
_UNWRITABLE = re.compile("[\ud800-\udfff]")


def as_rows(rows: Any, name: str) -> list[Any]:
    """A data set as the list of its rows.

    Args:
        name: the argument's name, for messages.

    Raises:
        DataError: it is no data set, or a table whose iterator gives its columns.
    """
    if isinstance(rows, str | bytes | Mapping):
        raise DataError(f"{name} is a {type(rows).__name__}, {shown(rows)}: give a list of rows")
    if hasattr(rows, "columns") and hasattr(rows, "to_dict"):
        raise DataError(
            f"{name} is a {type(rows).__name__}, whose columns would be taken for rows: give its rows, as"
            f" {name}=df.to_dict('records') of a pandas table"
        )
    try:
        found = iter(rows)
    except TypeError:
        raise DataError(f"{name} is {shown(rows)}: give a list of rows") from None
    return list(found)


def as_examples(rows: Iterable[Any] | None, split: Split) -> tuple[Example, ...]:
    """Turn rows into examples.

    A row may be an `Example`; a mapping with ``inputs`` (or ``input``) and perhaps ``expected``; a flat
    mapping, all of which but ``expected`` are the inputs; a pair (inputs, expected); or anything else,
    which is the inputs itself. The metric is given the row as it is here.

    Args:
        rows: the data set; None for none.
        split: which one it is.

    Raises:
        DataError: two rows are equal, or a row cannot be written as JSON; says which.
    """
    given = list(rows or ())
    examples = tuple(_as_example(row, split, place) for place, row in enumerate(given))
    first: dict[str, int] = {}
    for place, example in enumerate(examples):
        if example.id in first and isinstance(given[place], Example) and given[place].id:
            raise DataError(
                f"{split} examples {first[example.id]} and {place} have the same id {example.id!r}: ids have"
                " to be unique in a data set"
            )
        if example.id in first:
            raise DataError(
                f"{split} examples {first[example.id]} and {place} are equal ({shown(example.inputs)});"
                " leave one out, or give an Example its own id to run it more than once"
            )
        first[example.id] = place
    return examples


def _as_example(row: Any, split: Split, place: int) -> Example:
    if isinstance(row, Example):
        data = row if row.data is None else row.data
        return attrs.evolve(row, split=split, data=data, id=_own_id(row, split, place))
    inputs, expected = _divide(row, split, place)
    return Example(inputs=inputs, expected=expected, data=row, split=split, id=_id(row, None, split, place))


def _divide(row: Any, split: Split, place: int) -> tuple[Any, Any]:
    if isinstance(row, Mapping):
        for key in _INPUT_KEYS:
            if key in row:
                return row[key], row.get(_EXPECTED_KEY)
        inputs = {key: value for key, value in row.items() if key != _EXPECTED_KEY}
        if not inputs:
            raise DataError(f"{split} example {place} has nothing to run the app on: {shown(row)}")
        return inputs, row.get(_EXPECTED_KEY)
    if isinstance(row, tuple) and len(row) == 2:
        return row
    return row, None


def _own_id(row: Example, split: Split, place: int) -> str:
    """The id that the user gave an example, or that of its content."""
    given: object = row.id
    if given == "":
        return _id(row.inputs, row.expected, split, place)
    if not isinstance(given, str) or _UNWRITABLE.search(given):
        raise DataError(f"{split} example {place} has the id {given!r}; an id has to be a text")
    return given


def fresh(value: Any) -> Any:
    """``value`` with dicts, lists, sets and tuples of its own, however deep; what they hold is shared.

    Apps pop keys of their inputs and append to lists in them. What one rollout does must not change what
    the next is run on.
    """
    kind = type(value)
    if kind is dict:
        return {key: fresh(item) for key, item in value.items()}
    if kind in (list, tuple):
        return kind(map(fresh, value))
    return set(value) if kind is set else value


def content_of(value: Any) -> str:
    """The hash of all of a value's content, however large it is."""
    return content_id(to_jsonable(value, _WHOLE))


def _id(inputs: Any, expected: Any, split: Split, place: int) -> str:
    plain = to_jsonable([inputs, expected], _WHOLE)
    if _is_opaque(plain):
        raise DataError(
            f"{split} example {place} cannot be told from others by its content: {shown(inputs)}; give plain"
            " data (str, numbers, lists, dicts), or an Example with an id of its own"
        )
    return content_id(plain)


def _is_opaque(plain: Json) -> bool:
    """Whether something in it has no content that could be written, only a class."""
    if isinstance(plain, str):
        return _OPAQUE.fullmatch(plain) is not None
    if isinstance(plain, Mapping):
        return any(map(_is_opaque, plain.values()))
    return isinstance(plain, Sequence) and any(map(_is_opaque, plain))


def shown(value: Any, most: int = 80) -> str:
    """The beginning of a value's ``repr``, for messages: at most so many characters. Never raises."""
    try:
        text = repr(value)
    except Exception as error:  # a row, an output or a score may be anything
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def shared_content(one: Sequence[Example], other: Sequence[Example]) -> int:
    """How many examples of ``one`` are also in ``other``, by content."""
    ids = {example.id for example in other}
    return sum(example.id in ids for example in one)
