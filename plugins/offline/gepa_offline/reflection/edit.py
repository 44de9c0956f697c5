"""Taking sentences out of an instruction, or putting them in other words, without touching the rest."""

from __future__ import annotations

import re

import attrs

from gepa_core.templates import find_placeholders
from gepa_offline.draws import Draws
from gepa_offline.playbook import Playbook, Statement
from gepa_offline.reading import find
from gepa_offline.reflection.rates import ReflectionRates
from gepa_offline.sentences import split

_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])?\s*")


@attrs.frozen
class Edit:
    """Replace ``text[start:end]``; an empty replacement takes the sentence out."""

    start: int
    end: int
    replacement: str


def plan_edits(
    playbook: Playbook, text: str, repaired: frozenset[str], rates: ReflectionRates, draws: Draws
) -> list[Edit]:
    """Which sentences go or change: repairs of what feedback named, forgetting, rephrasing.

    A sentence that holds a placeholder is left as it is.
    """
    edits = []
    for sentence in split(text):
        found = find(playbook, sentence)
        if (
            not found
            or find_placeholders(sentence.text, "braces")
            or find_placeholders(sentence.text, "jinja2")
        ):
            continue
        replacement = _replacement(found[0], repaired, rates, draws)
        if replacement is not None:
            body = sentence.start + len(_BULLET.match(sentence.text).group())  # type: ignore[union-attr]
            edits.append(Edit(body, sentence.end, replacement))
    return edits


def _replacement(
    statement: Statement, repaired: frozenset[str], rates: ReflectionRates, draws: Draws
) -> str | None:
    if statement.kind == "broad" and statement.id.partition("/")[0] in repaired:
        return ""  # the precise rule is added in its place
    if not repaired.isdisjoint(statement.spoils):
        rule = statement.fact.rule if statement.fact else None
        return rule.says[0] if rule else ""
    if statement.kind == "ordinary":
        return None
    if draws.chance(rates.p_forget, f"forget/{statement.id}"):
        return ""
    if statement.kind == "rule" and draws.chance(rates.p_rephrase, f"rephrase/{statement.id}"):
        return draws.pick(statement.texts, f"rewording/{statement.id}")
    return None


def apply_edits(text: str, edits: list[Edit]) -> str:
    """The text after the edits; a line of which nothing but a bullet is left goes with its line break."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        start, end = edit.start, edit.end
        if not edit.replacement:
            start, end = _whole_line(text, start, end)
        text = text[:start] + edit.replacement + text[end:]
    return text


def _whole_line(text: str, start: int, end: int) -> tuple[int, int]:
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    if _BULLET.fullmatch(text[line_start:start]) and not text[end:line_end].strip():
        return max(line_start - 1, 0), line_end
    while end < line_end and text[end] == " ":
        end += 1
    return start, end
