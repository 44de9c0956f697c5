"""What makes a user's function or object the same one in another process, in words that can be compared."""

from __future__ import annotations

import ast
import dis
import functools
import hashlib
import inspect
import json
import linecache
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from gepa_core.jsonable import to_jsonable
from gepa_core.redaction import redacted
from gepa_core.types import Json

_SCALARS = (type(None), bool, int, float, str, bytes)


def identity(value: Any) -> str:
    """A name for ``value`` with everything that a caller can set of it.

    A named function is known by its name, so that it can be mended without becoming another one. A lambda
    has no name, so it is known by its source. Of both, if they are made inside of a function, the values
    that they took from there count, and their defaults. Of a `functools.partial` what is bound counts; of
    an attrs object or a dataclass, also as the owner of a method, its fields.
    """
    if isinstance(value, functools.partial):
        return f"{identity(value.func)} with {_json([value.args, value.keywords])}"
    if isinstance(value, types.MethodType):
        return f"{qualified(value)} of {identity(value.__self__)}"
    if isinstance(value, types.FunctionType):
        return _function(value, frozenset())
    if hasattr(value, "__qualname__"):
        return qualified(value)
    options = options_of(value)
    return f"{qualified(type(value))} {_json(options)}" if options else qualified(type(value))


def qualified(value: Any) -> str:
    """``module:qualified.name`` of a function or class, or of an object's class."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', None) or 'builtins'}:{named.__qualname__}"


def options_of(value: Any) -> dict[str, Any]:
    """The fields of an attrs object or a dataclass that a caller can set, and that it is compared by.

    Others are what it gathered while it ran. Plain objects say nothing about which of theirs are settings.
    """
    kind: Any = type(value)
    fields: Iterable[Any] = attrs.fields(kind) if attrs.has(kind) else ()
    # attrs classes with eq=False have fields that count all the same: it is the class that has no eq.
    names = [field.name for field in fields if field.init]
    names += [
        field.name
        for field in getattr(kind, "__dataclass_fields__", {}).values()
        if field.init and field.compare
    ]
    return {name: getattr(value, name, None) for name in names}


def _json(value: object) -> str:
    return json.dumps(redacted(to_jsonable(value)), sort_keys=True)


def _function(function: types.FunctionType, inside: frozenset[int]) -> str:
    name = qualified(function)
    if "<" not in function.__qualname__ or id(function) in inside:
        return name
    inside |= {id(function)}
    source = f" {_source(function)}" if function.__name__ == "<lambda>" else ""
    taken = {name: _taken(value, inside) for name, value in _settings(function)}
    return f"{name}{source}{f' with {json.dumps(redacted(taken), sort_keys=True)}' if taken else ''}"


def _settings(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Defaults, and what a function took from where it was made, but for what it changes itself."""
    parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    yield from ((one.name, one.default) for one in parameters if one.default is not one.empty)
    changed = {
        step.argval
        for code in _codes(function.__code__)
        for step in dis.get_instructions(code)
        if step.opname == "STORE_DEREF"
    }
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name not in changed:
            try:
                yield name, cell.cell_contents
            except ValueError:  # not set yet
                continue


def _taken(value: Any, inside: frozenset[int]) -> Json:
    """Values that cannot change while they are used; of anything else only what it is."""
    if isinstance(value, _SCALARS):
        return to_jsonable(value)
    if isinstance(value, tuple):
        return [_taken(item, inside) for item in value]
    if isinstance(value, types.FunctionType):
        return _function(value, inside)
    return qualified(value)


def _source(function: types.FunctionType) -> str:
    """A lambda's source without its layout, or a digest of its code where there is no source."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return _digest(code)
    places = [place for place in code.co_positions() if None not in place and place[3] != place[2]]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno <= code.co_firstlineno <= (node.end_lineno or node.lineno)
        and [one.arg for one in _arguments(node)] == list(code.co_varnames[: _count(code)])
        and all(_covers(node.body, place) for place in places)
    ]
    if not found or (len(found) > 1 and not places):
        return _digest(code)
    return ast.unparse(min(found, key=lambda node: len(ast.unparse(node))))


def _arguments(node: ast.Lambda) -> list[ast.arg]:
    """In the order in which a code object names them."""
    given = node.args
    stars = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *stars]


def _count(code: types.CodeType) -> int:
    stars = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_argcount + code.co_kwonlyargcount + stars


def _covers(node: ast.expr, place: tuple[Any, Any, Any, Any]) -> bool:
    line, end_line, column, end_column = place
    begin, end = (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
    return begin <= (line, column) and (end_line, end_column) <= end


def _digest(code: types.CodeType) -> str:
    return f"code {hashlib.sha256(repr(_parts(code)).encode()).hexdigest()[:16]}"


def _parts(code: types.CodeType) -> Mapping[str, Any]:
    return {
        "code": code.co_code,
        "names": (code.co_names, code.co_varnames, code.co_freevars),
        "constants": [_constant(one) for one in code.co_consts],
    }


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _parts(value)
    return sorted(map(repr, value)) if isinstance(value, frozenset) else value


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
