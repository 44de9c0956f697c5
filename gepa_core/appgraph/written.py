"""A text with gaps: what an app writes, as far as it is always the same, and what it fills in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter, Template

import attrs

from gepa_core.templates import TOKENS

PERCENT = re.compile(r"%(?:\((\w+)\))?[-#0+]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[srdifgeExXoc]|%%")
_NAMED = re.compile(r"(?<!\$)\{[^\W\d]\w*\}")
_NAME = re.compile(r"[^\W\d]\w*")
_LONGEST_WITH_EQUAL_GAPS = 4_000
"""Characters; telling equal gaps apart takes time in proportion to a power of them."""


@attrs.frozen
class Gap:
    """Something that is filled in. Gaps with the same ``code`` are filled with the same."""

    code: str


@attrs.frozen(kw_only=True)
class Match:
    """Where a text was found in another one.

    Attributes:
        begin: where it begins.
        end: where it ends.
        gaps: name, begin and end of what fills each gap, in order.
    """

    begin: int
    end: int
    gaps: tuple[tuple[str, int, int], ...] = ()

    def holds(self, other: Match) -> bool:
        """Whether ``other`` lies inside of what fills one of the gaps."""
        return any(begin <= other.begin and other.end <= end for _, begin, end in self.gaps)


@attrs.frozen
class Written:
    """A text with gaps.

    Attributes:
        pieces: ordinary text and the names of gaps in turn, beginning and ending with text.
    """

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, natural: str) -> Written:
        """A text in which every ``{name}`` is a gap and any other brace is ordinary text."""
        pieces: list[str] = []
        begin = 0
        for match in TOKENS["braces"].finditer(natural):
            pieces += (natural[begin : match.start()], match.group()[1:-1])
            begin = match.end()
        return cls((*pieces, natural[begin:]))

    @classmethod
    def of_pieces(cls, pieces: Sequence[str | Gap]) -> Written:
        """Texts and gaps in any order. Each gap is named after its code; no two with other code share one."""
        return cls(tuple(_named(pieces)))

    @classmethod
    def as_filled(cls, text: str) -> Written:
        """A text that an app fills in its own way, told from the marks in it.

        ``{name}`` for ``format`` and ``replace``, else ``$name`` for `string.Template`, else ``%s`` and
        ``%(name)s``. A mark that is not filled in after all matches itself.
        """
        if _NAMED.search(text):
            made = cls.of_pieces(list(format_pieces(text)))
            return made if all(map(str.isidentifier, made.gaps)) and _is_format(text) else cls.of(text)
        if any(match.group("named") or match.group("braced") for match in Template.pattern.finditer(text)):
            return cls.of_pieces(list(dollar_pieces(text)))
        return cls.of_pieces(list(percent_pieces(text)))

    @property
    def has_gaps(self) -> bool:
        """Whether something is filled in."""
        return len(self.pieces) > 1

    @property
    def gaps(self) -> tuple[str, ...]:
        """The names of the gaps, each once, in order."""
        return tuple(dict.fromkeys(self.pieces[1::2]))

    @property
    def words(self) -> str:
        """The ordinary text alone."""
        return " ".join(self.pieces[::2])

    @property
    def weight(self) -> int:
        """Characters of ordinary text: of two texts that are found, the heavier one says more."""
        return sum(map(len, self.pieces[::2]))

    @property
    def natural(self) -> str:
        """As a reader sees it, with ``{name}`` for each gap."""
        return "".join("{" + piece + "}" if number % 2 else piece for number, piece in enumerate(self.pieces))

    def find(self, text: str) -> Match | None:
        """Where it stands in ``text``: as the whole, else as a part of it. None when it does not.

        A gap at its beginning or end reaches as far as ``text`` does; any other one is as short as it can
        be. Linear in the length of ``text``, but where one gap stands in several places.
        """
        if not self.has_gaps:
            begin = text.find(self.pieces[0]) if self.pieces[0] else -1
            return None if begin < 0 else Match(begin=begin, end=begin + len(self.pieces[0]))
        match = self._in_order(text)
        if match is None or len(values_in(text, match)) == len({*_filled_with(text, match)}):
            return match
        return self._with_equal_gaps(text) if len(text) <= _LONGEST_WITH_EQUAL_GAPS else None

    def _in_order(self, text: str) -> Match | None:
        first, last = self.pieces[0], self.pieces[-1]
        begin = text.find(first) if first else 0
        if begin < 0:
            return None
        at = begin + len(first)
        gaps: list[tuple[str, int, int]] = []
        for name, literal in zip(self.pieces[1:-2:2], self.pieces[2:-1:2], strict=True):
            found = text.find(literal, at)
            if found < 0:
                return None
            gaps.append((name, at, found))
            at = found + len(literal)
        whole = begin == 0 and text.endswith(last) and len(text) - len(last) >= at
        end = len(text) - len(last) if whole or not last else text.find(last, at)
        if end < 0:
            return None
        gaps.append((self.pieces[-2], at, end))
        return Match(begin=begin, end=end + len(last), gaps=tuple(gaps))

    def _with_equal_gaps(self, text: str) -> Match | None:
        """Where one gap stands in several places, and the shortest ways to fill them differ."""
        found = self._pattern().fullmatch(text) or self._pattern().search(text)
        if found is None:
            return None
        gaps = [(name, *found.span(f"gap{self.gaps.index(name)}")) for name in self.gaps]
        return Match(begin=found.start(), end=found.end(), gaps=tuple(gaps))

    def _pattern(self) -> re.Pattern[str]:
        seen: set[str] = set()
        parts = []
        for number, piece in enumerate(self.pieces):
            if number % 2 == 0:
                parts.append(re.escape(piece))
                continue
            group = f"gap{self.gaps.index(piece)}"
            parts.append(f"(?P={group})" if piece in seen else f"(?P<{group}>.*?)")
            seen.add(piece)
        ends = "" if self.pieces[-1] else r"\Z"
        return re.compile("".join(parts) + ends, re.DOTALL)


def _filled_with(text: str, match: Match) -> Iterator[tuple[str, str]]:
    return ((name, text[begin:end]) for name, begin, end in match.gaps)


def values_in(text: str, match: Match) -> dict[str, str]:
    """What fills each gap, by name."""
    return dict(_filled_with(text, match))


def filled(natural: str, values: Mapping[str, str]) -> str:
    """``natural`` with what ``values`` says in place of each ``{name}``; other braces are ordinary text."""
    if not values:
        return natural
    names = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    return re.sub(r"\{(" + names + r")\}", lambda gap: values[gap.group(1)], natural)


def format_pieces(text: str, positional: Sequence[str] = ()) -> Iterator[str | Gap]:
    """What ``str.format`` makes of ``text``.

    Args:
        positional: the code of the positional arguments, where it is known.
    """
    try:
        fields = list(Formatter().parse(text))
    except ValueError:  # it was meant for something else
        yield text
        return
    number = 0
    for literal, field, spec, conversion in fields:
        yield literal
        if field is None:
            continue
        at = field or str(number)
        number += not field
        code = positional[int(at)] if at.isdecimal() and int(at) < len(positional) else at
        shown = f"!{conversion}" if conversion else ""
        yield Gap(code + shown + (f":{spec}" if spec else ""))


def _is_format(text: str) -> bool:
    """Whether ``str.format`` would fill in nothing but names."""
    try:
        fields = [field for _, field, _, _ in Formatter().parse(text) if field is not None]
    except ValueError:
        return False
    return all(map(str.isidentifier, fields))


def percent_pieces(text: str, positional: Sequence[str] = ()) -> Iterator[str | Gap]:
    """What ``%`` makes of ``text``."""
    begin = number = 0
    for match in PERCENT.finditer(text):
        yield text[begin : match.start()]
        begin = match.end()
        if match.group() == "%%":
            yield "%"
            continue
        yield Gap(match.group(1) or (positional[number] if number < len(positional) else str(number)))
        number += not match.group(1)
    yield text[begin:]


def dollar_pieces(text: str) -> Iterator[str | Gap]:
    """What `string.Template` makes of ``text``."""
    begin = 0
    for match in Template.pattern.finditer(text):
        name = match.group("named") or match.group("braced")
        if name or match.group("escaped"):
            yield text[begin : match.start()]
            yield Gap(name) if name else "$"
            begin = match.end()
    yield text[begin:]


def _named(pieces: Sequence[str | Gap]) -> Iterator[str]:
    """Texts and names of gaps in turn."""
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
    """A short name for a gap: the last name in its code."""
    if code in names:
        return names[code]
    words = _NAME.findall(code.partition("!")[0].partition(":")[0] or code)
    base = words[-1] if words and len(code) <= 40 else "value"
    name, number = base, 2
    while name in names.values():
        name, number = f"{base}{number}", number + 1
    names[code] = name
    return name
