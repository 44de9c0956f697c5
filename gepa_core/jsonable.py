"""Any Python value as plain JSON, for trajectories and stored outputs: readable, bounded, never an error.

What comes out can always be written with `json.dumps` and encoded as UTF-8, is the same in every process
(no memory addresses, sets in order), and says what was cut.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import hashlib
import math
import pathlib
import re
import types
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import attrs

from gepa_core.images import Referring, image_in_bytes, image_of_pillow, with_references
from gepa_core.types import Json

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LARGEST_INT_BITS = 4096
_MESSAGE_EXTRAS = ("name", "tool_calls", "tool_call_id", "status")


@attrs.frozen(kw_only=True)
class Limits:
    """How much of a value is kept.

    Attributes:
        depth: containers inside containers.
        items: entries of one container.
        chars: characters of one string.
        nodes: values altogether.
    """

    depth: int = 16
    items: int = 1_000
    chars: int = 50_000
    nodes: int = 20_000


def to_jsonable(value: object, limits: Limits | None = None) -> Json:
    """``value`` as JSON.

    Understood are JSON's own types, bytes (kept as a reference: length and hash), dates, enums, paths,
    UUIDs, decimals, dataclasses, attrs and pydantic objects, mappings, sequences, sets (in order),
    numpy's arrays and scalars, chat messages and retrieved documents of any framework, exceptions and
    types. Images become references, whether they come as bytes, in base64, in a data URL or as an image of
    Pillow; the text that refers to one still holds it (`gepa_core.images`). Anything else becomes its
    ``repr`` without memory addresses. Never raises.

    Args:
        limits: how much is kept; the defaults keep all but huge values.
    """
    return _Walk(limits or Limits()).convert(value, 0)


class _Walk:
    """One conversion: knows what it is inside of and how much it has written."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._nodes = 0
        self._inside: set[int] = set()

    def convert(self, value: object, depth: int) -> Json:
        try:
            return self._convert(value, depth)
        except Exception as error:
            return f"<unreadable {type(value).__name__}: {type(error).__name__}>"

    def _convert(self, value: object, depth: int) -> Json:
        self._nodes += 1
        if type(value) is str:  # most values of most trajectories are
            return _text(value, self._limits.chars)
        known, scalar = _scalar(value, self._limits.chars)
        if known:
            return scalar
        if self._nodes > self._limits.nodes:
            return f"<cut: {type(value).__name__}, the whole value is too large>"
        if id(value) in self._inside:
            return f"<cycle: {type(value).__name__}>"
        if depth >= self._limits.depth:
            return f"<cut: {type(value).__name__}, nested deeper than {self._limits.depth} levels>"
        self._inside.add(id(value))
        try:
            return self._container(value, depth + 1)
        finally:
            self._inside.discard(id(value))

    def _container(self, value: object, depth: int) -> Json:
        if isinstance(value, dict | Mapping):  # asking about an abstract class takes far longer
            return self._mapping(value.items(), depth)
        fields = None if type(value) is list else _fields(value)
        if fields is not None:
            return self._mapping(fields, depth)
        if isinstance(value, Set):
            return sorted(self._sequence(value, len(value), depth), key=repr)
        if isinstance(value, list | Sequence):
            return self._sequence(value, len(value), depth)
        return self._opaque(value, depth)

    def _opaque(self, value: object, depth: int) -> Json:
        image = image_of_pillow(value)
        if image is not None:
            return Referring(image.reference, [image])
        as_list = _array(value, self._limits.items)
        if as_list is not None:
            return self.convert(as_list(), depth)
        return _text(_ADDRESS.sub("", repr(value)), self._limits.chars)

    def _mapping(self, items: Iterable[tuple[object, object]], depth: int) -> Json:
        result: dict[str, Json] = {}
        cut = 0
        for key, value in items:
            if len(result) >= self._limits.items or self._nodes > self._limits.nodes:
                cut += 1
            else:
                result[_unused(self._key(key), result)] = self.convert(value, depth)
        if cut:
            result[_unused("<cut>", result)] = f"{cut} more entries"
        return result

    def _key(self, key: object) -> str:
        if type(key) is str:
            return _text(key, self._limits.chars)
        known, scalar = _scalar(key, self._limits.chars)
        return scalar if isinstance(scalar, str) else str(scalar) if known else _ADDRESS.sub("", repr(key))

    def _sequence(self, values: Iterable[object], length: int, depth: int) -> list[Json]:
        result: list[Json] = []
        for value in values:
            if len(result) >= self._limits.items or self._nodes > self._limits.nodes:
                result.append(f"<cut: {length - len(result)} more items>")
                break
            result.append(self.convert(value, depth))
        return result


def _scalar(value: object, chars: int) -> tuple[bool, Json]:
    """Whether ``value`` needs no walk, and its JSON."""
    if value is None or isinstance(value, bool):
        return True, value
    if isinstance(value, dict | list | tuple) and not isinstance(value, enum.Enum):
        return False, None
    for kinds, convert in _SCALARS:
        if isinstance(value, kinds):
            converted = convert(value)
            return True, _text(converted, chars) if isinstance(converted, str) else converted
    return False, None


def _enum(value: enum.Enum) -> Json:
    known, scalar = _scalar(value.value, Limits().chars)
    return scalar if known else value.name


def _int(value: int) -> Json:
    return f"<int of {value.bit_length()} bits>" if value.bit_length() > _LARGEST_INT_BITS else int(value)


def _float(value: float) -> Json:
    return float(value) if math.isfinite(value) else str(float(value))


def _bytes(value: bytes | bytearray | memoryview) -> str:
    held = bytes(value)
    image = image_in_bytes(held)
    if image is not None:
        return Referring(image.reference, [image])
    return f"<{len(held)} bytes, sha256 {hashlib.sha256(held).hexdigest()[:16]}>"


_SCALARS: tuple[tuple[Any, Callable[[Any], Json]], ...] = (
    (enum.Enum, _enum),
    (Referring, lambda text: text),
    (str, str.__str__),
    (int, _int),
    (float, _float),
    ((bytes, bytearray, memoryview), _bytes),
    ((datetime.datetime, datetime.date, datetime.time), lambda value: value.isoformat()),
    ((pathlib.PurePath, uuid.UUID, decimal.Decimal, datetime.timedelta, complex), str),
    (BaseException, lambda error: f"{type(error).__name__}: {error}"),
    ((type, types.FunctionType, types.BuiltinFunctionType), lambda named: named.__qualname__),
    (types.ModuleType, lambda module: module.__name__),
)


def _text(text: str, chars: int) -> str:
    """``text`` that UTF-8 can hold, cut in the middle when it is too long, inlined files by their hash."""
    if not isinstance(text, Referring):
        if not text.isascii():
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        text = with_references(text)
    if len(text) <= chars:
        return text
    head, tail = chars * 2 // 3, chars // 3
    cut = f"{text[:head]}<cut: {len(text) - head - tail} characters>{text[len(text) - tail :]}"
    return Referring(cut, text.images) if isinstance(text, Referring) else cut


def _unused(key: str, taken: Mapping[str, Json]) -> str:
    unused, number = key, 2
    while unused in taken:
        unused, number = f"{key} ({number})", number + 1
    return unused


def _fields(value: object) -> Iterable[tuple[str, object]] | None:
    """Names and values of the fields of a record, or None when ``value`` is not one."""
    content = getattr(value, "content", None)
    role = getattr(value, "role", None) or getattr(value, "type", None)
    if content is not None and isinstance(role, str) and not callable(content):
        return _message(value, role, content)
    if isinstance(getattr(value, "page_content", None), str):
        return _present(value, ("page_content", "metadata", "id"))
    if callable(getattr(value, "get_content", None)) and isinstance(getattr(value, "text", None), str):
        return _present(value, ("id_", "text", "score", "metadata"))
    names = _field_names(value)
    return None if names is None else _present(value, names, empty=True)


def _field_names(value: object) -> list[str] | None:
    """The declared fields of a dataclass, an attrs class, a pydantic model or a named tuple."""
    kind: Any = type(value)
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    if attrs.has(kind):
        return [field.name for field in attrs.fields(kind)]
    if hasattr(kind, "model_dump") and isinstance(getattr(kind, "model_fields", None), Mapping):
        return [*kind.model_fields, *(getattr(value, "model_extra", None) or {})]
    return list(kind._fields) if isinstance(value, tuple) and hasattr(kind, "_fields") else None


def _message(value: object, role: str, content: object) -> Iterable[tuple[str, object]]:
    return [("role", role), ("content", content), *_present(value, _MESSAGE_EXTRAS)]


def _present(value: object, names: Iterable[str], *, empty: bool = False) -> list[tuple[str, object]]:
    """The named attributes that ``value`` has; ``empty`` keeps those that hold nothing."""
    found = [(name, getattr(value, name)) for name in names if hasattr(value, name)]
    return [(name, item) for name, item in found if empty or not _is_empty(item)]


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def _array(value: object, items: int) -> Callable[[], object] | None:
    """How to turn a numpy array or scalar into lists, None when ``value`` is none or is too large."""
    tolist, size = getattr(value, "tolist", None), getattr(value, "size", None)
    return tolist if callable(tolist) and isinstance(size, int) and size <= items else None
