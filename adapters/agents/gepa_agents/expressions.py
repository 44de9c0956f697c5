"""What a piece of source code makes a text of: literals, with gaps where something is filled in."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator

import attrs

_NAME = re.compile(r"[^\W\d]\w*")
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-#0 +]*\d*(?:\.\d+)?[srdifgeExXoc]|%%")
_CLEANERS = {"dedent": textwrap.dedent, "cleandoc": inspect.cleandoc}
_STRIPS = {"strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip}


@attrs.frozen
class Written:
    """A text that stands in the code.

    Attributes:
        pieces: ordinary text and the names of gaps in turn, beginning and ending with text.
    """

    pieces: tuple[str, ...]

    @property
    def has_gaps(self) -> bool:
        """Whether something is filled in."""
        return len(self.pieces) > 1

    @property
    def words(self) -> str:
        """The ordinary text alone."""
        return " ".join(self.pieces[::2])

    @property
    def natural(self) -> str:
        """As a reader sees it, with ``{name}`` for each gap."""
        return "".join("{" + piece + "}" if number % 2 else piece for number, piece in enumerate(self.pieces))


def written(expression: ast.expr) -> Written | None:
    """The text that ``expression`` makes; None when there is no literal in it."""
    pieces = list(_pieces(expression))
    if not any(isinstance(piece, str) for piece in pieces):
        return None
    return Written(tuple(_named(pieces)))


@attrs.frozen
class _Gap:
    code: str


def _pieces(expression: ast.expr) -> Iterator[str | _Gap]:
    match expression:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for value in values:
                yield from _pieces(value)
        case ast.FormattedValue(value=value):
            yield _Gap(ast.unparse(value))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from (*_pieces(left), *_pieces(right))
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            yield from _percent(text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            yield from _format(text)
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[]) if name in _STRIPS:
            yield from _changed(inner, _STRIPS[name], expression)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[inner]) if name in _CLEANERS:
            yield from _changed(inner, _CLEANERS[name], expression)
        case _:
            yield _Gap(ast.unparse(expression))


def _changed(inner: ast.expr, change: object, whole: ast.expr) -> Iterator[str | _Gap]:
    """What stripping or dedenting makes of a literal; nothing is known of it where there are gaps."""
    pieces = list(_pieces(inner))
    if len(pieces) == 1 and isinstance(pieces[0], str) and callable(change):
        yield str(change(pieces[0]))
    else:
        yield _Gap(ast.unparse(whole))


def _percent(text: str) -> Iterator[str | _Gap]:
    begin = 0
    for match in _PERCENT.finditer(text):
        yield text[begin : match.start()]
        yield "%" if match.group() == "%%" else _Gap(match.group(1) or "value")
        begin = match.end()
    yield text[begin:]


def _format(text: str) -> Iterator[str | _Gap]:
    from string import Formatter

    try:
        for literal, field, _, _ in list(Formatter().parse(text)):
            yield literal
            if field is not None:
                yield _Gap(field or "value")
    except ValueError:
        yield _Gap("value")


def _named(pieces: list[str | _Gap]) -> Iterator[str]:
    """Texts and names of gaps in turn. Gaps with the same code share a name; no other two do."""
    names: dict[str, str] = {}
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        yield text
        yield _name_of(piece.code, names)
        text = ""
    yield text


def _name_of(code: str, names: dict[str, str]) -> str:
    if code in names:
        return names[code]
    words = _NAME.findall(code)
    base = words[-1] if words and len(code) <= 40 else "value"
    name, number = base, 2
    while name in names.values():
        name, number = f"{base}{number}", number + 1
    names[code] = name
    return name
