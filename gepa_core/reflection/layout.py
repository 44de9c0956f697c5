"""Values as text that people and models read easily: long strings on lines of their own, not escaped."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence

from gepa_core.jsonable import to_jsonable
from gepa_core.types import Json

_ONE_LINE = 80


def show(value: object) -> str:
    """``value`` laid out as text: a string as it is, chat messages by role, the rest much like YAML."""
    return _lay_out(to_jsonable(value))


def _lay_out(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and value:
        return _message(value) if _is_message(value) else _mapping(value)
    if isinstance(value, Sequence) and value:
        if all(isinstance(item, Mapping) and _is_message(item) for item in value):
            return "\n\n".join(_lay_out(item) for item in value)
        return "\n".join(f"- {textwrap.indent(_lay_out(item), '  ').strip()}" for item in value)
    return json.dumps(value, ensure_ascii=False)


def _is_message(value: Mapping[str, Json]) -> bool:
    return isinstance(value.get("role"), str) and "content" in value


def _message(message: Mapping[str, Json]) -> str:
    rest = {name: value for name, value in message.items() if name not in ("role", "content") and value}
    parts = [f"[{message['role']}]"]
    if message["content"] not in (None, "", []):
        parts.append(_lay_out(message["content"]))
    if rest:
        parts.append(_mapping(rest))
    return "\n".join(parts)


def _mapping(value: Mapping[str, Json]) -> str:
    lines = []
    for name, item in value.items():
        text = _lay_out(item)
        nested = isinstance(item, Mapping | Sequence) and not isinstance(item, str) and item
        if nested or "\n" in text or len(text) > _ONE_LINE:
            lines.append(f"{name}:\n{textwrap.indent(text, '  ')}")
        else:
            lines.append(f"{name}: {text}")
    return "\n".join(lines)
