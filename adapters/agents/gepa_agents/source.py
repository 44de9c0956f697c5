"""Reading the source of an agent's functions: which variables become prompts, and literals that do."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from gepa_agents.expressions import Written, written
from gepa_agents.wording import names_a_prompt, reads_like_a_text

_SYSTEM_ARGUMENTS = frozenset(("instructions", "system", "system_prompt", "system_instruction"))
_CALLS = frozenset(("create", "completion", "acompletion", "parse", "responses", "aresponses", "stream"))


@attrs.frozen(kw_only=True)
class Literal:
    """A text in the code of a function.

    Attributes:
        text: what is written, with its gaps.
        role: role of the message that it becomes, as far as the code says.
        kind: the component's kind.
        tool: the tool that it describes, and ``argument`` which of its arguments, if one.
        function: the name of the function that it stands in.
        source: where it stands, for people.
    """

    text: Written
    role: str = ""
    kind: str = "prompt"
    tool: str = ""
    argument: str = ""
    function: str
    source: str


@attrs.define(kw_only=True)
class Uses:
    """What the source of some functions says.

    Attributes:
        prompts: names of variables and attributes whose value becomes a message, and of functions whose
            result does, with its role.
        formatted: names of variables and attributes on which ``format`` is called.
        calls: names of all methods that are called.
        literals: texts that stand in the code itself.
        unread: functions whose source is not there.
    """

    prompts: dict[str, str] = attrs.field(factory=dict)
    formatted: set[str] = attrs.field(factory=set)
    calls: set[str] = attrs.field(factory=set)
    literals: list[Literal] = attrs.field(factory=list)
    unread: list[types.FunctionType] = attrs.field(factory=list)


def read_uses(functions: Iterable[types.FunctionType]) -> Uses:
    """Read all functions; of one that stands inside of another only once."""
    uses = Uses()
    seen: set[tuple[str, int]] = set()
    readers: dict[str, list[_Reader]] = {}
    for function in functions:
        uses.calls.update(_attribute_names(function.__code__))
        tree = _tree(function.__code__)
        if tree is None:
            uses.unread.append(function)
            continue
        reader = _Reader(uses, function, seen)
        reader.read(tree)
        readers.setdefault(function.__name__, []).append(reader)
    for name, same_name in readers.items():
        if name in uses.prompts or names_a_prompt(name):
            for reader in same_name:
                reader.read_returns(uses.prompts.get(name, ""))
    return uses


def _attribute_names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _attribute_names(constant)


@functools.lru_cache(maxsize=1024)
def _tree(code: types.CodeType) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None


class _Reader(ast.NodeVisitor):
    """Goes through one function."""

    def __init__(self, uses: Uses, function: types.FunctionType, seen: set[tuple[str, int]]) -> None:
        self._uses = uses
        self._function = function
        self._seen = seen
        self._assigned: dict[str, list[ast.expr]] = {}
        self._constants = set(_constants(function.__code__))

    def read(self, tree: ast.AST) -> None:
        """Take in a whole function."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._assigned.setdefault(target.id, []).append(node.value)
        self._tree = tree
        self.visit(tree)

    def read_returns(self, role: str) -> None:
        """Take what the function returns for messages of ``role``."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Return) and node.value is not None:
                self._text(node.value, role)

    def visit_Dict(self, node: ast.Dict) -> None:
        entries = {
            key.value: value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        if "role" in entries and "content" in entries:
            role = entries["role"]
            said = str(role.value) if isinstance(role, ast.Constant) else ""
            if said not in ("assistant", "tool", "function"):
                self._text(entries["content"], said)
        if "name" in entries and ("parameters" in entries or "input_schema" in entries):
            self._tool(entries)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "format_map"):
            self._uses.formatted.update(_names(node.func.value)[:1])
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for keyword in node.keywords:
            if keyword.arg in _SYSTEM_ARGUMENTS and name in _CALLS:
                self._text(keyword.value, "system")
            elif keyword.arg in ("input", "prompt") and name in _CALLS:
                self._text(keyword.value, "user")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name) and names_a_prompt(target.id):
                self._text(node.value, "")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and names_a_prompt(node.target.id):
            self._text(node.value, "")
        self.generic_visit(node)

    def _text(self, expression: ast.expr, role: str, depth: int = 0) -> None:
        """Something that becomes a message."""
        if isinstance(expression, ast.IfExp):
            self._text(expression.body, role, depth)
            self._text(expression.orelse, role, depth)
            return
        if isinstance(expression, ast.List):
            return  # a list of parts or messages, which are dicts
        local = self._assigned.get(expression.id, []) if isinstance(expression, ast.Name) else []
        for value in local if depth < 4 else ():
            self._text(value, role, depth + 1)
        if local:
            return
        for name in _names(expression):
            if role or name not in self._uses.prompts:
                self._uses.prompts[name] = role
        text = written(expression)
        if text is not None and reads_like_a_text(text.words, words=3):
            self._add(expression, text, role=role, kind="instructions" if role in _SYSTEM else "prompt")

    def _tool(self, entries: dict[Any, ast.expr]) -> None:
        name = entries["name"]
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            return
        if "description" in entries:
            self._described(entries["description"], name.value, "")
        for argument, schema in _properties(entries.get("parameters") or entries["input_schema"]):
            self._described(schema, name.value, argument)

    def _described(self, expression: ast.expr, tool: str, argument: str) -> None:
        text = written(expression)
        if text is not None and not text.has_gaps and text.words.strip():
            kind = "argument_description" if argument else "tool_description"
            self._add(expression, text, kind=kind, tool=tool, argument=argument)

    def _add(self, expression: ast.expr, text: Written, **about: Any) -> None:
        line = self._function.__code__.co_firstlineno + expression.lineno - 1
        place = (f"{self._function.__code__.co_filename}:{text.natural}", line)
        is_there = all(piece in self._constants for piece in _raw_pieces(expression))
        if place in self._seen or not is_there:  # the file may have changed since it was imported
            return
        self._seen.add(place)
        name = self._function.__qualname__
        source = f"literal in {self._function.__module__}:{name}, line {line}"
        function = name.rpartition(".")[2]
        self._uses.literals.append(Literal(text=text, function=function, source=source, **about))


_SYSTEM = ("system", "developer")
_KEEPING = ("format", "format_map", "strip", "replace", "substitute")


def _raw_pieces(expression: ast.expr) -> Iterator[str]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 20:
            yield node.value


def _constants(code: types.CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        yield from _strings(constant)


def _strings(constant: Any) -> Iterator[str]:
    if isinstance(constant, str):
        yield constant
    elif isinstance(constant, types.CodeType):
        yield from _constants(constant)
    elif isinstance(constant, tuple | frozenset):
        for inner in constant:
            yield from _strings(inner)


def _names(expression: ast.expr) -> list[str]:
    """The variables, attributes and keys whose value goes into a text as it is, nearest first."""
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [name]
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))):
            return [key, *_names(inner)]
        case ast.Subscript(value=inner):
            return _names(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr=method)):
            return _names(inner) if method in _KEEPING else [method]
        case ast.Call(func=ast.Name(id=name)):
            return [name]
    parts = _parts(expression)
    return [name for part in parts for name in _names(part)]


def _parts(expression: ast.expr) -> list[ast.expr]:
    """What a text is put together from."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        return [expression.left, expression.right]
    if isinstance(expression, ast.JoinedStr):
        return [value.value for value in expression.values if isinstance(value, ast.FormattedValue)]
    return []


def _properties(schema: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Names of the arguments of a tool, and the expressions that describe them."""
    for key, value in _items(schema):
        if key == "properties":
            for name, inner in _items(value):
                for entry, described in _items(inner):
                    if entry == "description":
                        yield name, described


def _items(expression: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(expression, ast.Dict):
        for key, value in zip(expression.keys, expression.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
