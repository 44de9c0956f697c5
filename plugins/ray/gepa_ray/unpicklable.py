"""Saying which part of an object cannot be pickled."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from gepa_core.faults import describe
from gepa_ray.pickling import dumps

_DEEPEST = 12
_MOST = 300
"""Objects that are tried, so that a large app does not take minutes to refuse."""


def explained(value: Any, error: Exception) -> str:
    """Why ``value`` cannot be pickled: the innermost part that cannot, where it is, and what that says."""
    path, part, error = _innermost(value, error)
    kind = f"{type(part).__module__}.{type(part).__qualname__}".removeprefix("builtins.")
    where = f"at {path!r} it holds a {kind}, which" if path else f"a {kind}"
    return f"{where} cannot be pickled ({describe(error, limit=200)})"


def is_picklable(value: Any) -> bool:
    """Whether ``value`` can be pickled."""
    return _problem(value) is None


def _innermost(value: Any, error: Exception) -> tuple[str, Any, Exception]:
    path, seen, tried = "", {id(value)}, 0
    for _ in range(_DEEPEST):
        for name, part in _parts(value):
            if id(part) in seen or tried >= _MOST:
                continue
            seen.add(id(part))
            tried += 1
            problem = _problem(part)
            if problem is not None:
                path, value, error = path + name, part, problem
                break
        else:
            break
    return path.removeprefix("."), value, error


def _problem(value: Any) -> Exception | None:
    try:
        dumps(value)
    except Exception as error:
        return error
    return None


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What ``value`` holds, with how it is reached from it."""
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif inspect.ismethod(value):
        yield ".__self__", value.__self__
    elif inspect.isfunction(value):
        found = inspect.getclosurevars(value)
        yield from ((f".{name}", part) for name, part in {**found.nonlocals, **found.globals}.items())
    elif attrs.has(type(value)):
        fields = (field.name for field in attrs.fields(type(value)))
        yield from ((f".{name}", getattr(value, name)) for name in fields if hasattr(value, name))
    else:
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())
