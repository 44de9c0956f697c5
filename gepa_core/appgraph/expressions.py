"""What a piece of source code makes a text of: literals, with gaps where something is filled in."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import TypeAlias

from gepa_core.appgraph.written import Gap, Written, dollar_pieces, format_pieces, percent_pieces

Resolve: TypeAlias = Callable[[ast.expr], ast.expr | str | None]
"""What is known of a name, an attribute or the like: the code that it stands for, or its text."""

_CLEANERS: dict[str, Callable[[str], str]] = {"dedent": textwrap.dedent, "cleandoc": inspect.cleandoc}
_STRIPS: dict[str, Callable[[str], str]] = {"strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip}
_DEEPEST = 12


def unknown(expression: ast.expr) -> None:
    """Knows nothing."""
    del expression


def written(expression: ast.expr, resolve: Resolve = unknown, *, is_template: bool = False) -> Written | None:
    """The text that ``expression`` makes; None when there is no literal in it.

    Understands literals, f-strings, sums, ``format``, ``%``, `string.Template`, ``replace``, ``join`` of a
    list, ``strip``, ``dedent`` and ``cleandoc``. The last two may change a text with lines of its own in a
    gap in another way, so that it is not recognised.

    Args:
        is_template: whether names in braces in the text are filled in later.
    """
    pieces = _Reading(resolve).pieces(expression)
    if is_template:
        pieces = [
            one for piece in pieces for one in (format_pieces(piece) if isinstance(piece, str) else (piece,))
        ]
    if not any(isinstance(piece, str) and piece for piece in pieces):
        return None
    return Written.of_pieces(pieces)


def codes_of_gaps(expression: ast.expr, resolve: Resolve = unknown) -> dict[str, str]:
    """By the name of each gap in `written`'s answer, the code that fills it in, as an f-string has it."""
    pieces = _Reading(resolve).pieces(expression)
    codes = [piece.code for piece in pieces if isinstance(piece, Gap)]
    return dict(zip(Written.of_pieces(pieces).pieces[1::2], codes, strict=True))


Pieces: TypeAlias = list[str | Gap]


class _Reading:
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._depth = 0

    def pieces(self, expression: ast.expr) -> Pieces:
        self._depth += 1
        try:
            return list(self._pieces(expression)) if self._depth < _DEEPEST else [_gap(expression)]
        finally:
            self._depth -= 1

    def _pieces(self, expression: ast.expr) -> Iterator[str | Gap]:
        match expression:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=values):
                for value in values:
                    yield from self.pieces(value)
            case ast.FormattedValue(value=value):
                yield from self._formatted(expression, value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from (*self.pieces(left), *self.pieces(right))
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                yield from self._filled(expression, left, lambda text: percent_pieces(text, _codes(right)))
            case ast.Call():
                yield from self._call(expression)
            case _:
                known = self._resolve(expression)
                if isinstance(known, str):
                    yield known
                else:
                    yield from self.pieces(known) if known is not None else (_gap(expression),)

    def _formatted(self, expression: ast.FormattedValue, value: ast.expr) -> Iterator[str | Gap]:
        if expression.conversion == -1 and expression.format_spec is None:
            yield from self.pieces(value)
            return
        shown = f"!{chr(expression.conversion)}" if expression.conversion != -1 else ""
        yield Gap(ast.unparse(value) + shown + _spec(expression.format_spec))

    def _call(self, call: ast.Call) -> Iterator[str | Gap]:
        match call:
            case ast.Call(func=ast.Attribute(value=text, attr="format"), args=args):
                codes = [ast.unparse(one) for one in args]
                yield from self._filled(call, text, lambda literal: format_pieces(literal, codes))
            case ast.Call(func=ast.Attribute(value=text, attr="format_map")):
                yield from self._filled(call, text, format_pieces)
            case ast.Call(func=ast.Attribute(value=template, attr="substitute" | "safe_substitute")):
                held = self._template(template)
                yield from (_gap(call),) if held is None else self._filled(call, held, dollar_pieces)
            case ast.Call(
                func=ast.Attribute(value=text, attr="replace"), args=[ast.Constant(value=str(old)), new]
            ):
                yield from self._filled(call, text, lambda literal: _replaced(literal, old, new))
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(value=str(text)), attr="join"),
                args=[ast.List(elts=parts) | ast.Tuple(elts=parts)],
            ) if not any(isinstance(part, ast.Starred) for part in parts):
                for number, part in enumerate(parts):
                    yield from ([text] if number else [])
                    yield from self.pieces(part)
            case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[]) if name in _STRIPS:
                yield from _changed(self.pieces(inner), _STRIPS[name], call)
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[inner]) if (
                name in _CLEANERS
            ):
                yield from _changed(self.pieces(inner), _CLEANERS[name], call)
            case ast.Call(func=ast.Name(id="str"), args=[inner]):
                yield from self.pieces(inner)
            case _:
                yield _gap(call)

    def _filled(
        self, whole: ast.expr, text: ast.expr, fill: Callable[[str], Iterator[str | Gap]]
    ) -> Iterator[str | Gap]:
        """A literal that is filled in. Nothing is known of the whole where the text is not."""
        pieces = self.pieces(text)
        if not any(isinstance(piece, str) and piece for piece in pieces):
            yield _gap(whole)
            return
        for piece in pieces:
            yield from fill(piece) if isinstance(piece, str) else (piece,)

    def _template(self, expression: ast.expr) -> ast.expr | None:
        """The text of a `string.Template`."""
        for _ in range(_DEEPEST):
            match expression:
                case ast.Call(func=ast.Name(id="Template") | ast.Attribute(attr="Template"), args=[text, *_]):
                    return text
            known = self._resolve(expression)
            if not isinstance(known, ast.expr):
                return ast.Constant(value=known) if isinstance(known, str) else None
            expression = known
        return None


def _gap(expression: ast.expr) -> Gap:
    return Gap(ast.unparse(expression))


def _spec(spec: ast.expr | None) -> str:
    """A format specification, as it stands in an f-string."""
    if not isinstance(spec, ast.JoinedStr):
        return ""
    parts = [
        str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(part) + "}"
        for part in (value.value if isinstance(value, ast.FormattedValue) else value for value in spec.values)
    ]
    return ":" + "".join(parts)


def _codes(arguments: ast.expr) -> list[str]:
    """The code of what ``%`` fills in, by position."""
    if isinstance(arguments, ast.Dict):
        return []
    return [ast.unparse(one) for one in (arguments.elts if isinstance(arguments, ast.Tuple) else [arguments])]


def _replaced(text: str, old: str, new: ast.expr) -> Iterator[str | Gap]:
    """``text`` with a gap for each ``old``; the gap has the name that stands there, if it is one."""
    name = old.strip("{}<>[]$%#@")
    for number, part in enumerate(text.split(old) if old else [text]):
        if number:
            yield Gap(name if name.isidentifier() else ast.unparse(new))
        yield part


def _changed(pieces: Pieces, change: Callable[[str], str], whole: ast.expr) -> Iterator[str | Gap]:
    """What stripping or dedenting makes of a text, if it leaves the gaps where they are."""
    gaps = [piece for piece in pieces if isinstance(piece, Gap)]
    if len(gaps) > 1_000 or not any(isinstance(piece, str) for piece in pieces):
        yield Gap(ast.unparse(whole))
        return
    marks = iter(range(len(gaps)))
    text = "".join(piece if isinstance(piece, str) else chr(0xF0000 + next(marks)) for piece in pieces)
    literal = ""
    for char in change(text):
        if 0xF0000 <= ord(char) < 0xF0000 + len(gaps):
            yield literal
            yield gaps[ord(char) - 0xF0000]
            literal = ""
        else:
            literal += char
    yield literal
