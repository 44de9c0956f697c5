"""What an instruction says, as far as a playbook can tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import attrs

from gepa_offline.playbook import Playbook, Statement
from gepa_offline.sentences import Sentence, normalise, says, split


@attrs.frozen
class Reading:
    """What an instruction states about one component.

    Attributes:
        known: ids of the facts whose rule it states, precisely or too broadly.
        rivals: by fact id, the values that broad statements and inventions give it instead.
        statements: everything recognised, in order of first appearance.
        chars: the instruction's length in characters.
    """

    known: frozenset[str]
    rivals: Mapping[str, tuple[str, ...]]
    statements: tuple[Statement, ...]
    chars: int


def find(playbook: Playbook, sentence: Sentence) -> list[Statement]:
    """The statements that one sentence makes."""
    words = normalise(sentence.text)
    return [statement for statement in playbook.statements if says(words, statement.cues)]


@lru_cache(maxsize=4096)
def read(playbook: Playbook, text: str) -> Reading:
    """Read an instruction. Cached: a run asks again for every rollout of a candidate."""
    found: dict[str, Statement] = {}
    for sentence in split(text):
        for statement in find(playbook, sentence):
            found.setdefault(statement.id, statement)
    known = frozenset(
        statement.fact.id
        for statement in found.values()
        if statement.fact and statement.kind in ("rule", "broad")
    )
    rivals: dict[str, tuple[str, ...]] = {}
    for statement in found.values():
        for fact in statement.spoils:
            rivals[fact] = (*rivals.get(fact, ()), statement.value)
    return Reading(known, rivals, tuple(found.values()), len(text))
