"""Cutting a prompt's texts to a budget: fairly, and saying in place what was cut."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

CHARS_PER_TOKEN = 4
"""A cheap estimate, near enough for English; no tokenizer is asked."""

LEAST = 100
"""No text is cut to fewer characters than this: room for the note and a little of both ends."""


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters (at least `LEAST`), its head and tail kept."""
    limit = max(limit, LEAST)
    if len(text) <= limit:
        return text
    room = limit - len(_note(len(text)))
    head = room * 3 // 5
    tail = room - head
    return f"{text[:head]}{_note(len(text) - head - tail)}{text[len(text) - tail :]}"


def _note(characters: int) -> str:
    return f"\n[… {characters:,} characters cut …]\n"


def fair_limits(lengths: Sequence[int], weights: Sequence[float], total: float) -> list[int]:
    """How long each text may be so that together they are at most ``total`` long (max-min fairness).

    Texts that need less than their share keep all they need and leave the rest to the longer ones, so
    that the longest are cut first. A text of weight 2 may be twice as long as one of weight 1.
    """
    limits = [0] * len(lengths)
    left, weight_left = max(0.0, total), sum(weights)
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i] / weights[i], i)):
        share = left * weights[index] / weight_left
        limits[index] = min(lengths[index], int(share))
        left -= limits[index]
        weight_left -= weights[index]
    return limits


@attrs.frozen
class Cuttable:
    """A text in a prompt that may be shortened. ``weight``: how much longer than others it may stay."""

    text: str
    weight: float = 1.0

    def least(self, level: int) -> int:
        """Characters that it takes when texts of weight 1 are cut to ``level``."""
        return min(len(self.text), max(LEAST, int(level * self.weight)))
