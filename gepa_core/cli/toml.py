"""Writing TOML: the standard library only reads it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(table: Mapping[str, Any]) -> str:
    """A mapping of texts, numbers, booleans, lists and further mappings as a TOML document.

    Values of None are left out: TOML has no word for them.
    """
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Plain values first: below a table's heading everything would belong to that table."""
    present = {key: value for key, value in table.items() if value is not None}
    later = {key: value for key, value in present.items() if _is_table(value) or _is_tables(value)}
    for key, value in present.items():
        if key not in later:
            yield f"{_key(key)} = {_inline(value)}"
    for key, value in later.items():
        inner = (*path, key)
        name = ".".join(map(_key, inner))
        for one in [value] if _is_table(value) else value:
            yield ""
            yield f"[{name}]" if _is_table(value) else f"[[{name}]]"
            yield from _lines(one, inner)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_table, value))


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _inline(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else f"{'-' if value < 0 else ''}inf"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = (f"{_key(key)} = {_inline(one)}" for key, one in value.items() if one is not None)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    raise TypeError(f"{type(value).__name__!r} cannot be written as TOML")


def _text(value: str) -> str:
    # JSON's escapes are TOML's, but for the delete character, which JSON does not escape.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
