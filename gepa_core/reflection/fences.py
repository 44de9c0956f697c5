"""Fenced blocks: writing one that holds any text, and finding the outermost ones of an answer."""

from __future__ import annotations

import re

import attrs

_FENCE = re.compile(r" {0,3}(?P<run>`{3,}|~{3,})(?P<info>.*)", re.DOTALL)
_BACKTICKS = re.compile(r"`+")
_TAG = re.compile(r"[a-z0-9][a-z0-9_+.#-]{0,19}|[A-Z]{2,10}|Markdown|Text|Prompt|Jinja2?|Python")
_PROSE = frozenset(("", "text", "txt", "plain", "plaintext", "markdown", "md", "prompt", "jinja", "jinja2"))
_LEADS_ON = re.compile(r":[\s*_]*$|^\s*#{1,6}\s|^\s*\*\*.*\*\*\s*$")


_MOST = 1_000
"""Fences of an answer that are looked at. A model that repeats itself writes more; no prompt has as many."""


class TooManyFences(ValueError):
    """An answer has so many fences that its blocks are not looked for."""


def fenced(text: str, tag: str = "") -> str:
    """``text`` in a fenced block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{tag}\n{text}\n{fence}"


@attrs.frozen
class Block:
    """An outermost fenced block.

    Attributes:
        text: what stands in it.
        tag: the language tag of its fence, in lower case; empty when there is none.
        closed: False when the answer ended before its closing fence.
    """

    text: str
    tag: str = ""
    closed: bool = True

    @property
    def is_prose(self) -> bool:
        """Whether it is tagged as text, or not at all, rather than as code or data."""
        return self.tag in _PROSE


@attrs.frozen
class _Fence:
    line: int
    run: str
    info: str

    def may_end(self, opener: _Fence) -> bool:
        """Whether it is of the opener's kind and long enough to end its block (as in CommonMark)."""
        return self.run[0] == opener.run[0] and len(self.run) >= len(opener.run)


def find_blocks(answer: str) -> list[Block]:
    """The outermost fenced blocks of ``answer``, in order; only the last can be unclosed.

    Raises:
        TooManyFences: finding out what belongs together would take too long.
    """
    lines = answer.split("\n")
    fences = _fences(lines)
    if len(fences) > _MOST:
        raise TooManyFences(f"the answer has {len(fences)} lines that begin or end a block")
    blocks: list[Block] = []
    while fences:
        opener, *fences = fences
        closer = _closer(lines, fences, opener)
        if closer is None:
            return [*blocks, _unclosed(lines, opener)]
        blocks.append(Block(_content(lines, opener, closer.line), _tag(opener.info)))
        fences = [fence for fence in fences if fence.line > closer.line]
    return blocks


def before_blocks(answer: str) -> str:
    """What stands before the first fence of ``answer``, or all of it when there is none."""
    lines = answer.split("\n")
    fences = _fences(lines)
    return "\n".join(lines[: fences[0].line]) if fences else answer


def _fences(lines: list[str]) -> list[_Fence]:
    found = []
    for number, line in enumerate(lines):
        match = _FENCE.fullmatch(line)
        if match and not (match["run"][0] == "`" and "`" in match["info"]):
            found.append(_Fence(number, match["run"], match["info"].strip()))
    return found


def _closer(lines: list[str], later: list[_Fence], opener: _Fence) -> _Fence | None:
    """The fence that ends the block of ``opener``, when blocks of the same fence may be nested in it."""
    peers = [fence for fence in later if fence.may_end(opener)]
    depth = 1
    for position, fence in enumerate(peers):
        rest = peers[position + 1 :]
        if fence.info or _opens_inner(lines, fence, rest, depth):
            depth += 1
            continue
        depth -= 1
        if depth == 0:
            return fence
    return None


def _opens_inner(lines: list[str], fence: _Fence, rest: list[_Fence], depth: int) -> bool:
    """Whether a bare fence inside a block begins a nested block rather than end its own.

    Both readings are possible when two more bare fences follow. What stands up to the next one
    decides: set off by blank lines, or leading on to something ("New text:"), it is prose between two
    blocks of the answer; otherwise it is the content of a nested block.
    """
    ends = [each for each in rest if not each.info]
    if len(ends) < depth + 1:
        return False
    between = lines[fence.line + 1 : ends[0].line]
    stripped = [line.strip() for line in between]
    if not any(stripped):
        return False
    return bool(stripped[0] and stripped[-1]) and not _LEADS_ON.search(between[-1])


def _content(lines: list[str], opener: _Fence, end: int) -> str:
    body = lines[opener.line + 1 : end]
    # Not a language tag: the text itself begins on the fence's line.
    return "\n".join([opener.info, *body] if opener.info and not _tag(opener.info) else body)


def _tag(info: str) -> str:
    return info.lower() if _TAG.fullmatch(info) else ""


def _unclosed(lines: list[str], opener: _Fence) -> Block:
    text = _content(lines, opener, len(lines))
    # A closing fence at the end of the last line closes as well, though CommonMark says otherwise.
    if text.rstrip().endswith(opener.run):
        return Block(text.rstrip().removesuffix(opener.run), _tag(opener.info))
    return Block(text, _tag(opener.info), closed=False)
