"""Cutting an instruction into sentences, and telling whether a sentence says something."""

from __future__ import annotations

import re

import attrs

_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_NOISE = re.compile(r"[^a-z0-9_-]+")


@attrs.frozen
class Sentence:
    """A sentence and where it stands: ``text == whole[start:end]``."""

    start: int
    end: int
    text: str


def split(text: str) -> list[Sentence]:
    """The sentences of ``text``: they end at a full stop, ``!``, ``?``, ``;`` or at the end of the line."""
    found = []
    start = 0
    for gap in [*_END.finditer(text), None]:
        end = gap.start() if gap else len(text)
        if text[start:end].strip():
            found.append(Sentence(start, end, text[start:end]))
        start = gap.end() if gap else end
    return found


def normalise(sentence: str) -> str:
    """Lower case, words parted by single spaces, with a space at both ends."""
    return f" {_NOISE.sub(' ', sentence.lower())} "


def says(normalised: str, cues: tuple[str, ...]) -> bool:
    """Whether a normalised sentence holds all words of one of the cues.

    A word of a cue stands for every word that begins with it, so ``"charg"`` finds "charged" and
    "charges" but not "discharge".
    """
    return any(all(f" {word}" in normalised for word in cue.split()) for cue in cues)
