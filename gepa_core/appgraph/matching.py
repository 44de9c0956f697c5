"""Telling which template a message was made from, by the text around its placeholders."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gepa_core.templates import TOKENS, Syntax, effect_of


@attrs.frozen(kw_only=True)
class TextPattern:
    """The ordinary text of a template, in order, with gaps where something is filled in.

    Attributes:
        literals: the pieces of ordinary text.
        starts: whether a message begins with the first piece.
        ends: whether a message ends with the last piece.
        stripped: whether white space around the pieces is uncertain, as it is next to mustache's and
            jinja2's tags.
    """

    literals: tuple[str, ...]
    starts: bool = True
    ends: bool = True
    stripped: bool = False

    @classmethod
    def of(cls, natural: str, syntax: Syntax) -> TextPattern:
        """The pattern of a component's natural text."""
        if syntax == "plain":
            return cls(literals=(natural,) if natural else ())
        stripped = syntax != "braces"
        pieces = [piece.strip() if stripped else piece for piece in _pieces(natural, syntax)]
        return cls(
            literals=tuple(filter(None, pieces)),
            starts=bool(pieces[0]),
            ends=bool(pieces[-1]),
            stripped=stripped,
        )

    @property
    def weight(self) -> int:
        """Characters of ordinary text: of two patterns that match, the heavier one says more."""
        return sum(map(len, self.literals))

    def matches(self, text: str) -> bool:
        """Whether ``text`` as a whole can have been made from the template. Linear in its length."""
        if self.stripped:
            text = text.strip()
        literals, begin, end = list(self.literals), 0, len(text)
        if not literals:
            return True
        if len(literals) == 1 and self.starts and self.ends:
            return text == literals[0]
        if self.starts:
            first = literals.pop(0)
            begin = len(first)
            if not text.startswith(first):
                return False
        if self.ends and literals:
            last = literals.pop()
            end -= len(last)
            if not text.endswith(last) or end < begin:
                return False
        return _in_order(literals, text, begin, end)

    def occurs_in(self, text: str) -> bool:
        """Whether ``text`` contains all pieces in order."""
        return _in_order(self.literals, text, 0, len(text))


def _in_order(literals: tuple[str, ...] | list[str], text: str, begin: int, end: int) -> bool:
    for literal in literals:
        found = text.find(literal, begin, end)
        if found < 0:
            return False
        begin = found + len(literal)
    return True


def _pieces(natural: str, syntax: Syntax) -> Iterator[str]:
    """The ordinary text between tokens; what stands inside of a block may be absent or repeated."""
    depth, begin = 0, 0
    for match in TOKENS[syntax].finditer(natural):
        if depth == 0:
            yield natural[begin : match.start()]
        effect = effect_of(match.group(), syntax)
        depth += (effect == "open") - (effect == "close")
        depth, begin = max(depth, 0), match.end()
    yield natural[begin:] if depth == 0 else ""
