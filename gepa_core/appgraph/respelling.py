"""Source code for a new text in place of an expression that makes the old one."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from string import Formatter, Template

import attrs

from gepa_core.appgraph.expressions import Resolve, codes_of_gaps, unknown, written
from gepa_core.appgraph.guard import TemplateGuard, Unguardable
from gepa_core.appgraph.syntax import called
from gepa_core.appgraph.written import PERCENT, Written
from gepa_core.templates import Syntax

_COMPOSING = frozenset(("strip", "lstrip", "rstrip", "dedent", "cleandoc", "join"))


class CannotRespell(ValueError):
    """An expression makes the old text, and none like it makes the new one; the message says why."""


def respelled(
    expression: ast.expr, old: str, new: str, syntax: Syntax, resolve: Resolve = unknown
) -> str | None:
    """The code that makes ``new`` as ``expression`` makes ``old``; None when it makes something else.

    A literal stays what it is: a template, or a text that is filled in by ``format``, ``%`` or
    `string.Template`. An f-string, a sum and the like become one f-string.

    Args:
        old: natural text of a component.
        new: another one with the same placeholders.
        syntax: how they are written in it.
        resolve: what is known of the names in the expression.

    Raises:
        CannotRespell: it makes ``old``, and cannot be changed to make ``new``.
    """
    text = written(expression, resolve) if _makes_a_text(expression) else None
    if text is None:
        return None
    if not text.has_gaps:
        literal = _literal(text.pieces[0], old, new, syntax)
        return None if literal is None else as_literal(literal)
    if text.natural != old or syntax not in ("plain", "braces"):
        return None
    return _f_string(Written.of(new), codes_of_gaps(expression, resolve))


def _makes_a_text(expression: ast.expr) -> bool:
    if isinstance(expression, ast.Call):
        return called(expression) in _COMPOSING
    is_sum = isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add)
    return is_sum or isinstance(expression, ast.JoinedStr | ast.Constant)


def _literal(value: str, old: str, new: str, syntax: Syntax) -> str | None:
    if not value.strip():
        return None
    for escapes in (True, False):
        try:
            guard = TemplateGuard.of(value, syntax, escapes=escapes)
        except Unguardable:
            continue
        if guard.natural == old:
            return guard.to_template(new)
    return _filled(value, Written.of(old), Written.of(new)) if syntax == "braces" else None


def _filled(value: str, old: Written, new: Written) -> str | None:
    """A literal with marks where something is filled in."""
    for marked in (_percent(value), _dollar(value), _format(value)):
        if marked.marks and marked.literals == old.pieces[::2]:
            return marked.with_text(old, new)
    return None


@attrs.frozen
class _Marked:
    """A literal that is filled in: its text without escapes, the marks in it, and what has to be escaped."""

    literals: tuple[str, ...]
    marks: tuple[str, ...]
    positional: bool
    escapes: str

    def with_text(self, old: Written, new: Written) -> str:
        names = new.pieces[1::2]
        if self.positional and names != old.pieces[1::2]:
            raise CannotRespell("it is filled in by position, and the new text has another order")
        named = dict(zip(old.pieces[1::2], self.marks, strict=True))
        marks = self.marks if self.positional else [named[name] for name in names]
        return _joined([self._escaped(piece) for piece in new.pieces[::2]], marks)

    def _escaped(self, text: str) -> str:
        for char in self.escapes:
            text = text.replace(char, char * 2)
        return text


def _joined(literals: Sequence[str], marks: Sequence[str]) -> str:
    return literals[0] + "".join(mark + literal for mark, literal in zip(marks, literals[1:], strict=True))


def _percent(value: str) -> _Marked:
    literals, marks, begin = [""], [], 0
    for match in PERCENT.finditer(value):
        literals[-1] += value[begin : match.start()]
        begin = match.end()
        if match.group() == "%%":
            literals[-1] += "%"
        else:
            marks.append(match.group())
            literals.append("")
    literals[-1] += value[begin:]
    return _Marked(tuple(literals), tuple(marks), not all("(" in mark for mark in marks), "%")


def _dollar(value: str) -> _Marked:
    literals, marks, begin = [""], [], 0
    for match in Template.pattern.finditer(value):
        literals[-1] += value[begin : match.start()]
        begin = match.end()
        name = match.group("named") or match.group("braced")
        if name:
            marks.append("${" + name + "}")
            literals.append("")
        else:
            literals[-1] += "$" if match.group("escaped") is not None else match.group()
    literals[-1] += value[begin:]
    return _Marked(tuple(literals), tuple(marks), False, "$")


def _format(value: str) -> _Marked:
    try:
        fields = list(Formatter().parse(value))
    except ValueError:
        return _Marked((value,), (), False, "")
    literals, marks = [""], []
    for literal, field, spec, conversion in fields:
        literals[-1] += literal
        if field is not None:
            marks.append(
                "{" + field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            )
            literals.append("")
    return _Marked(tuple(literals), tuple(marks), any(mark[1:2] in "}!:" for mark in marks), "{}")


def _f_string(new: Written, codes: Mapping[str, str]) -> str:
    """An f-string with the code of each gap.

    Raises:
        CannotRespell: the code of a gap cannot stand in one.
    """
    for code in codes.values():
        if '"' in code or "\\" in code or code.startswith("{"):
            raise CannotRespell(f"{code!r} cannot stand in an f-string")
    pieces = [
        "{" + codes[piece] + "}" if number % 2 else piece.replace("{", "{{").replace("}", "}}")
        for number, piece in enumerate(new.pieces)
    ]
    literals = [_inner(piece, in_lines="\n" in "".join(new.pieces[::2])) for piece in pieces[::2]]
    quotes = '"""' if "\n" in "".join(new.pieces[::2]) else '"'
    return "f" + quotes + _joined(literals, pieces[1::2]) + quotes


def _inner(text: str, *, in_lines: bool) -> str:
    """Text as it stands between double quotes, three of them where it has several lines."""
    return "".join(char if char == "\n" and in_lines else _escape(char) for char in text)


def _escape(char: str) -> str:
    return f"\\{char}" if char in '"\\' else char if char.isprintable() else repr(char)[1:-1]


def as_literal(text: str) -> str:
    """``text`` as a Python string literal: in triple quotes, line by line, where that gives it back."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = f'{escaped[:-1]}\\"'
    if "\n" in text and all(char.isprintable() or char in "\n\t" for char in text):
        return f'"""{escaped}"""'
    plain = repr(text)
    # repr prefers single quotes; most code is written with double ones.
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text and "\\'" not in plain else plain
