"""The syntax trees of functions, and what single expressions in them say."""

from __future__ import annotations

import ast
import functools
import linecache
import types
from collections.abc import Iterator
from typing import Any

_KEEPING = ("format", "format_map", "strip", "replace", "substitute", "safe_substitute")


@functools.lru_cache(maxsize=1024)
def syntax_of(code: types.CodeType) -> tuple[ast.AST, ...]:
    """The definition of a function; several where lambdas begin on one line, none when it cannot be read."""
    linecache.checkcache(code.co_filename)
    source = "".join(linecache.getlines(code.co_filename))
    found = _definitions(source).get((code.co_name, code.co_firstlineno), ())
    return tuple(one for one in found if _parameters(one) == code.co_varnames[: len(_parameters(one))])


@functools.lru_cache(maxsize=256)
def _definitions(source: str) -> dict[tuple[str, int], tuple[ast.AST, ...]]:
    """The functions of a file, by name and first line."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[tuple[str, int], tuple[ast.AST, ...]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            case ast.Lambda():
                name, line = "<lambda>", node.lineno
            case _:
                continue
        found[name, line] = (*found.get((name, line), ()), node)
    return found


def _parameters(definition: ast.AST) -> tuple[str, ...]:
    assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    held = definition.args
    return tuple(one.arg for one in (*held.posonlyargs, *held.args, *held.kwonlyargs))


def attribute_names(code: types.CodeType) -> Iterator[str]:
    """Every name that a function, or one inside of it, reads from a module or an object."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from attribute_names(constant)


def constants_of(code: types.CodeType) -> Iterator[str]:
    """Every string that a function, or one inside of it, was compiled with."""
    for constant in code.co_consts:
        yield from _strings(constant)


def _strings(constant: Any) -> Iterator[str]:
    if isinstance(constant, str):
        yield constant
    elif isinstance(constant, types.CodeType):
        yield from constants_of(constant)
    elif isinstance(constant, tuple | frozenset):
        for inner in constant:
            yield from _strings(inner)


def assignments(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """What is assigned to each local variable. One that is changed later has no known text."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).extend([node.value] if node.value is not None else [])
    return found


def called(call: ast.Call) -> str:
    """The name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def decorators_of(definition: ast.AST) -> set[str]:
    """The names of what decorates a function."""
    held = getattr(definition, "decorator_list", ())
    calls = [one if isinstance(one, ast.Call) else ast.Call(func=one, args=[], keywords=[]) for one in held]
    return {called(call) for call in calls}


def parts_in(content: ast.expr) -> Iterator[ast.expr]:
    """The texts of a message that is written out in parts: ``[{"type": "text", "text": …}]``."""
    for part in content.elts if isinstance(content, ast.List | ast.Tuple) else ():
        entries = dict(items(part))
        if "text" in entries and "role" not in entries:
            yield entries["text"]


def constant_role(expression: ast.expr) -> str:
    """A role that is written as a literal or as a member of an Enum; empty for anything else."""
    match expression:
        case ast.Constant(value=str(role)):
            return role
        case ast.Attribute(attr="value", value=ast.Attribute(attr=role)) | ast.Attribute(attr=role):
            return role.lower()
    return ""


def is_literal(node: ast.AST) -> bool:
    """Whether a node is a string or an f-string."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def names_in(expression: ast.expr) -> list[str]:
    """The variables, attributes and keys whose value goes into a text as it is, nearest first."""
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Call(func=ast.Name(id=name)):
            return [name]
        case ast.Call(func=ast.Attribute(attr=method)) if method not in _KEEPING:
            return [method]
    return [*_key(expression), *(name for part in _parts(expression) for name in names_in(part))]


def _key(expression: ast.expr) -> list[str]:
    match expression:
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return [key]
    return []


def _parts(expression: ast.expr) -> list[ast.expr]:
    """What a text is put together from."""
    match expression:
        case ast.Subscript(value=inner) | ast.Call(func=ast.Attribute(value=inner)):
            return [inner]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [left, right]
        case ast.JoinedStr(values=values):
            return [value.value for value in values if isinstance(value, ast.FormattedValue)]
    return []


def properties(schema: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Names of the arguments of a tool, and the expressions that describe them."""
    for key, value in items(schema):
        if key == "properties":
            for name, inner in items(value):
                for entry, described in items(inner):
                    if entry == "description":
                        yield name, described


def items(expression: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The entries of a dict that is written out, by those keys that are."""
    if isinstance(expression, ast.Dict):
        for key, value in zip(expression.keys, expression.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value


def variables_in(expression: ast.expr) -> set[str]:
    """Every variable that an expression reads."""
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
