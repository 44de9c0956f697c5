"""Rows of a data set: given to the adapter as they are, known by their content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gepa_core.errors import ConfigurationError
from gepa_core.types import Example


class Row(Mapping[str, Any]):
    """A DSPy example that reads as the dictionary of its fields.

    Its own ``repr`` is not the same in every process, so it could not be known by it.
    """

    def __init__(self, row: Any) -> None:
        self.row = row
        self._fields: Mapping[str, Any] = plain(row)

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def as_example(row: Any) -> Example:
    """``row`` as an example whose inputs are all of it: an adapter does its own scoring."""
    if isinstance(row, Example):
        return row
    seen = row if plain(row) is row else Row(row)
    return Example(inputs=seen, data=seen)


def as_given(inputs: Any) -> Any:
    """The row as the user gave it."""
    return inputs.row if isinstance(inputs, Row) else inputs


def rows_of(rows: Iterable[Any]) -> list[Any]:
    """The rows of a list, or of a data loader of the package gepa.

    Raises:
        ConfigurationError: ``rows`` is neither.
    """
    all_ids, fetch = getattr(rows, "all_ids", None), getattr(rows, "fetch", None)
    if callable(all_ids) and callable(fetch):
        return list(fetch(all_ids()))
    if not isinstance(rows, Iterable):
        raise ConfigurationError(f"{rows!r} is no data set: give a list of rows or a data loader")
    return list(rows)


def plain(value: Any) -> Any:
    """A DSPy example or prediction as a dictionary; anything else as it is."""
    to_dict = getattr(value, "toDict", None)
    return to_dict() if callable(to_dict) else value
