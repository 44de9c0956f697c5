"""Short, readable names that are the same in every process and unique in an app."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

NameForms: TypeAlias = Sequence[str]
"""The names that one text could have, from the shortest to the most exact."""

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def slug(text: str, *, longest: int = 40) -> str:
    """``text`` as a part of a name: letters, digits, ``_`` and ``-``, without dots at its ends."""
    return _NOT_IN_NAMES.sub("_", text).strip("_.")[:longest]


def unique_names(forms: Sequence[NameForms]) -> list[str]:
    """One name for each: the shortest form that no other one has.

    All who share a form move on to their next one together, so that no name depends on an order.
    Those that share even their last form are numbered in order, from ``-2``.
    """
    level = [0] * len(forms)
    while True:
        names = [form[at] for form, at in zip(forms, level, strict=True)]
        taken = Counter(names)
        clashing = [number for number, name in enumerate(names) if taken[name] > 1]
        movable = [number for number in clashing if level[number] + 1 < len(forms[number])]
        if not movable:
            return _numbered(names)
        for number in movable:
            level[number] += 1


def _numbered(names: list[str]) -> list[str]:
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 2
        while unique in seen or (unique != name and unique in taken):
            unique, number = f"{name}-{number}", number + 1
        seen.add(unique)
        result.append(unique)
    return result
