"""Reading the source of an app's functions: which of its texts are sent to a model."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable, Sequence
from typing import Any

from gepa_core.appgraph.boundary import canonical_role
from gepa_core.appgraph.expressions import written
from gepa_core.appgraph.syntax import (
    assignments,
    attribute_names,
    called,
    constant_role,
    constants_of,
    decorators_of,
    is_literal,
    names_in,
    parts_in,
    properties,
    syntax_of,
    variables_in,
)
from gepa_core.appgraph.uses import Dialect, Literal, Uses
from gepa_core.appgraph.wording import is_instruction
from gepa_core.appgraph.written import Written

_ROLE_NAMES = frozenset(("system", "developer", "user", "human"))
_LEAST_RAW = 20
_LEAST_WORDS = 4
"""Of a text around other ones; fewer only label them."""


def read_uses(functions: Iterable[types.FunctionType], dialect: Dialect) -> Uses:
    """Read all functions; of one that stands inside of another only once."""
    uses = Uses()
    seen: set[tuple[str, int, int]] = set()
    readers: dict[str, list[_Reader]] = {}
    for function in functions:
        uses.calls.update(attribute_names(function.__code__))
        trees = syntax_of(function.__code__)
        if not trees:
            uses.unread.append(function)
        for tree in trees:
            reader = _Reader(uses, function, dialect, tree, seen)
            reader.read()
            readers.setdefault(function.__name__, []).append(reader)
    for name, same_name in readers.items():
        if name in uses.prompts or dialect.names_a_prompt(name):
            for reader in same_name:
                reader.read_returns(uses.prompts.get(name, ""))
    return uses


class _Reader(ast.NodeVisitor):
    """Goes through one function: first for what is handed to a model, then for what looks like a prompt."""

    def __init__(
        self,
        uses: Uses,
        function: types.FunctionType,
        dialect: Dialect,
        tree: ast.AST,
        seen: set[tuple[str, int, int]],
    ) -> None:
        self._uses = uses
        self._function = function
        self._dialect = dialect
        self._tree = tree
        self._seen = seen
        self._constants = tuple(constants_of(function.__code__))
        self._assigned = assignments(tree)
        self._taken: set[ast.AST] = set()
        self._in_template = False

    def read(self) -> None:
        """Take in the whole function."""
        self.visit(self._tree)
        for decorator in decorators_of(self._tree) & self._dialect.decorators.keys():
            self._read_decorated(self._dialect.decorators[decorator])
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
                self._named(node)
        self._spoken(self._tree)

    def read_returns(self, role: str) -> None:
        """Take what the function returns for messages of ``role``."""
        body = [self._tree.body] if isinstance(self._tree, ast.Lambda) else []
        returned = [node.value for node in ast.walk(self._tree) if isinstance(node, ast.Return)]
        for value in (*body, *returned):
            if value is not None and value not in self._taken:
                self._text(value, role)

    def _read_decorated(self, role: str) -> None:
        """The same, for what says something beside the prompts that other variables hold."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Return) and node.value is not None and node.value not in self._taken:
                text = self._written(node.value)
                if text is not None and is_instruction(text.words, words=_LEAST_WORDS):
                    self._text(node.value, role)

    def visit_Dict(self, node: ast.Dict) -> None:
        entries = {
            key.value: value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        if "role" in entries and "content" in entries:
            role = constant_role(entries["role"])
            if canonical_role(role) not in ("assistant", "tool"):
                self._text(entries["content"], role)
        if "name" in entries and ("parameters" in entries or "input_schema" in entries):
            self._tool(entries)
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if self._dialect.pairs and len(node.elts) == 2 and constant_role(node.elts[0]) in _ROLE_NAMES:
            self._text(node.elts[1], constant_role(node.elts[0]))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "format_map"):
            self._uses.formatted.update(names_in(node.func.value)[:1])
        name = called(node)
        before, self._in_template = self._in_template, self._in_template or name in self._dialect.templates
        keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        role = constant_role(keywords["role"]) if "role" in keywords else ""
        for where, usual in self._dialect.calls.get(name, {}).items():
            if isinstance(where, str):
                value = keywords.get(where)
            else:
                value = node.args[where] if where < len(node.args) else None
            if value is not None and canonical_role(role or usual) not in ("assistant", "tool"):
                self._text(value, role or usual)
        self.generic_visit(node)
        self._in_template = before

    def _named(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        """A variable that is called a prompt."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if node.value is not None and any(map(self._dialect.names_a_prompt, names)):
            self._text(node.value, "")

    def _spoken(self, node: ast.AST) -> None:
        """Literals that speak to a model, the largest expression around each."""
        if isinstance(node, ast.Raise) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            return
        if isinstance(node, ast.expr) and node not in self._taken:
            text = self._written(node)
            if text is not None and self._dialect.speaks(text.pieces[0]):
                self._text(node, "")
                return
        for child in ast.iter_child_nodes(node):
            self._spoken(child)

    def _written(self, expression: ast.expr) -> Written | None:
        return written(expression, self._resolved, is_template=self._in_template)

    def _resolved(self, expression: ast.expr) -> ast.expr | str | None:
        if isinstance(expression, ast.Name) and expression.id in self._assigned:
            values = self._assigned[expression.id]
            is_known = len(values) == 1 and expression.id not in variables_in(values[0])
            return values[0] if is_known else None
        return self._dialect.resolve(self._function, expression)

    def _text(self, expression: ast.expr, role: str, depth: int = 0) -> None:
        """Something that becomes a message."""
        if isinstance(expression, ast.IfExp):
            self._text(expression.body, role, depth)
            self._text(expression.orelse, role, depth)
            return
        if isinstance(expression, ast.List | ast.Tuple | ast.Dict):
            for part in parts_in(expression):
                self._text(part, role, depth)
            return  # messages are looked at themselves
        local = self._assigned.get(expression.id, []) if isinstance(expression, ast.Name) else []
        for value in local if depth < 4 else ():
            self._text(value, role, depth + 1)
        if local:
            return
        for name in names_in(expression):
            if role or name not in self._uses.prompts:
                self._uses.prompts[name] = role
        text = self._written(expression)
        if text is not None and is_instruction(text.words, words=3) and not self._is_taken(expression):
            is_system = canonical_role(role) == "system"
            self._add(expression, text, role=role, kind="instructions" if is_system else "prompt")

    def _is_taken(self, expression: ast.expr) -> bool:
        """Whether a literal in it is part of another text already, and the rest says nothing by itself."""
        literals = self._literals(expression)
        others = [node for node in literals if node not in self._taken and isinstance(node, ast.Constant)]
        own = " ".join(str(node.value) for node in others)
        return any(node in self._taken for node in literals) and not is_instruction(own, words=3)

    def _literals(self, expression: ast.expr) -> list[ast.AST]:
        """The expression, and all literals that it is made of."""
        used: list[ast.AST] = [expression]

        def resolve(inner: ast.expr) -> ast.expr | str | None:
            known = self._resolved(inner)
            if isinstance(known, ast.expr) and self._written(known) is not None:
                used.append(known)
            return known

        written(expression, resolve)
        return [node for one in used for node in ast.walk(one) if is_literal(node) or node is one]

    def _tool(self, entries: dict[Any, ast.expr]) -> None:
        name = entries["name"]
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            return
        if "description" in entries:
            self._described(entries["description"], name.value, "")
        for argument, schema in properties(entries.get("parameters") or entries["input_schema"]):
            self._described(schema, name.value, argument)

    def _described(self, expression: ast.expr, tool: str, argument: str) -> None:
        text = written(expression)
        if text is not None and not text.has_gaps and text.words.strip():
            kind = "argument_description" if argument else "tool_description"
            self._add(expression, text, kind=kind, tool=tool, argument=argument)

    def _add(self, expression: ast.expr, text: Written, **about: Any) -> None:
        literals = self._literals(expression)
        self._taken.update(literals)
        file, line = self._function.__code__.co_filename, expression.lineno
        place = (file, line, expression.col_offset)
        if place in self._seen or not self._is_there(literals, text):
            return
        self._seen.add(place)
        name = self._function.__qualname__
        source = f"literal in {self._function.__module__}:{name}, line {line}"
        function = name.rpartition(".")[2]
        self._uses.literals.append(Literal(text=text, function=function, source=source, **about))

    def _is_there(self, literals: Sequence[ast.AST], text: Written) -> bool:
        """Whether the function has these literals: the file may have changed since it was imported."""
        raw = [str(node.value) for node in literals if isinstance(node, ast.Constant)]
        return any(
            all(any(piece in held for held in self._constants) for piece in pieces if len(piece) > _LEAST_RAW)
            for pieces in (raw, text.pieces[::2])
        )
