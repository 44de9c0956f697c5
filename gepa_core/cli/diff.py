"""What changed in a text, in colour: lines, and within a changed line its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from rich.text import Text

_OLD, _NEW = "red", "green"
_PIECES = re.compile(r"\s+|\w+|[^\w\s]")
_ALIKE = 0.5
"""How alike two lines have to be for their words to be compared, 0 to 1."""


def diff(before: str, after: str) -> list[Text]:
    """The lines of both texts: ``-`` before those that went, ``+`` before those that came."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[Text] = []
    for tag, low, high, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [Text(f"  {line}", style="dim") for line in old[low:high]]
        else:
            lines += _changed(old[low:high], new[start:end])
    return lines


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Text]:
    """Pairs of lines that are alike stand together, with what differs between them marked."""
    left = list(old)
    for line in new:
        partner = max(left, key=lambda one: _likeness(one, line), default="")
        if not left or _likeness(partner, line) < _ALIKE:
            yield Text(f"+ {line}", style=_NEW)
            continue
        for gone in left[: left.index(partner)]:
            yield Text(f"- {gone}", style=_OLD)
        left = left[left.index(partner) + 1 :]
        yield from _pair(partner, line)
    for gone in left:
        yield Text(f"- {gone}", style=_OLD)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _pieces(one), _pieces(other), autojunk=False).ratio()


def _pair(old: str, new: str) -> tuple[Text, Text]:
    gone, come = Text("- ", style=_OLD), Text("+ ", style=_NEW)
    one, other = _pieces(old), _pieces(new)
    for tag, low, high, start, end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        emphasis = "" if tag == "equal" else "bold reverse"
        gone.append("".join(one[low:high]), style=emphasis)
        come.append("".join(other[start:end]), style=emphasis)
    return gone, come


def _pieces(line: str) -> list[str]:
    """Words, spaces and marks; joined they make the line again."""
    return _PIECES.findall(line)
