"""What is always the same in a message: a text with gaps, told from several versions of the message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from gepa_core.appgraph.written import Written, values_in

_TOKEN = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LABEL = re.compile(r"([^\W\d]\w*)[\"'*_`]*\s*[:=]\s*[\"'<`(\[]*$")
_LEAST_WORDS = 2

Tokens = list[str | None]
"""Tokens of text; None for a gap."""


def infer(versions: Sequence[str]) -> Written:
    """The text that all of ``versions`` have in common, with gaps for the rest.

    Tokens are aligned as `difflib` does it, one version after the other. Fewer than two common words between
    two gaps are taken for chance, and become part of the gap. A gap is named after the label before it
    (``Question: …``), else ``value1`` and so on. Filling in the gaps gives each version back.

    Args:
        versions: one or more messages; with a single one nothing is a gap.
    """
    tokens: Tokens = list(_TOKEN.findall(versions[0]))
    for version in versions[1:]:
        tokens = _common(tokens, _TOKEN.findall(version))
    literals = _without_chance(_literals(tokens))
    literals = _tightened(literals, versions)
    return Written(tuple(_with_names(literals)))


def _common(tokens: Tokens, others: list[str]) -> Tokens:
    """The tokens that are also in ``others``, in order, with a gap wherever anything else stands."""
    start = _equal(tokens, others)
    rest, other_rest = tokens[start:], others[start:]
    end = _equal(rest[::-1], other_rest[::-1])
    middle, other_middle = rest[: len(rest) - end], other_rest[: len(other_rest) - end]
    found: Tokens = tokens[:start]
    at = other_at = 0
    for block in SequenceMatcher(None, middle, other_middle).get_matching_blocks():
        if block.a > at or block.b > other_at:
            found.append(None)
        found += middle[block.a : block.a + block.size]
        at, other_at = block.a + block.size, block.b + block.size
    return found + rest[len(rest) - end :]


def _equal(tokens: Sequence[str | None], others: Sequence[str]) -> int:
    """How many tokens at the beginning are equal."""
    number = 0
    for one, other in zip(tokens, others, strict=False):
        if one != other:
            break
        number += 1
    return number


def _literals(tokens: Tokens) -> list[str]:
    """The ordinary text before, between and behind the gaps."""
    found = [""]
    for token in tokens:
        if token is None:
            found.append("")
        else:
            found[-1] += token
    return found


def _without_chance(literals: list[str]) -> list[str]:
    """Those at the ends, and of the others those with enough words."""
    inner = [one for one in literals[1:-1] if len(_WORD.findall(one)) >= _LEAST_WORDS]
    return [literals[0], *inner, *literals[1:][-1:]]


def _tightened(literals: list[str], versions: Sequence[str]) -> list[str]:
    """White space and punctuation at the ends of a gap are text where all versions have them."""
    if len(literals) < 2:
        return literals
    names = [str(number) for number in range(len(literals) - 1)]
    numbered = Written(tuple(_alternating(literals, names)))
    held = [_values(numbered, version) for version in versions]
    tight = list(literals)
    for number, name in enumerate(names):
        values = [one[name] for one in held]
        before = _common_edge(values)
        after = _common_edge([value[len(before) :][::-1] for value in values])[::-1]
        tight[number] += before
        tight[number + 1] = after + tight[number + 1]
    return tight


def _values(text: Written, version: str) -> dict[str, str]:
    match = text.find(version)
    return values_in(version, match) if match is not None else dict.fromkeys(text.gaps, "")


def _common_edge(values: Sequence[str]) -> str:
    """The characters at the beginning of all values that belong to no word."""
    edge = ""
    for chars in zip(*values, strict=False):
        if len(set(chars)) > 1 or chars[0].isalnum() or chars[0] == "_":
            break
        edge += chars[0]
    return edge


def _alternating(literals: Sequence[str], names: Sequence[str]) -> list[str]:
    pieces = [literals[0]]
    for name, literal in zip(names, literals[1:], strict=True):
        pieces += (name, literal)
    return pieces


def _with_names(literals: Sequence[str]) -> list[str]:
    names: list[str] = []
    for number, literal in enumerate(literals[:-1], 1):
        label = _LABEL.search(literal)
        name = label.group(1).lower() if label else f"value{number}"
        names.append(name if name not in names else f"{name}{number}")
    return _alternating(literals, names)
