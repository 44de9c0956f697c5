"""Whether a text says something to a model, or only labels what is filled in."""

from __future__ import annotations

import re

from gepa_core.templates import TOKENS, Syntax, find_placeholders, variable_of

_WORD = re.compile(r"[^\W\d_]{2,}")
_NAMES_OF_INPUTS = (
    "context document documents input inputs message messages passage passages query question questions"
)
_NAMES_OF_OUTPUTS = "answer output reply response text topic"
_NAMES_IN_CHATS = "ai assistant chat conversation example history human user"

LABELS = frozenset(f"and the {_NAMES_OF_INPUTS} {_NAMES_OF_OUTPUTS} {_NAMES_IN_CHATS}".split())
"""Words, in lower case, that name what a template is filled in with, in apps of every framework."""


def words_of(text: str, syntax: Syntax = "plain") -> list[str]:
    """The words of a template's ordinary text, in lower case. A single letter is no word."""
    ordinary = text if syntax == "plain" else TOKENS[syntax].sub(" ", text)
    return [word.lower() for word in _WORD.findall(ordinary)]


def is_instruction(text: str, *, words: int) -> bool:
    """Whether a string that is no template has enough words, ``words`` of them, to be an instruction."""
    return " " in text.strip() and len(words_of(text)) >= words


def why_no_instruction(
    text: str, syntax: Syntax, *, labels: frozenset[str] = LABELS, by_line: bool = False
) -> str:
    """Why a template is nothing to improve; empty when it is.

    Args:
        text: the template.
        syntax: how its placeholders are written.
        labels: the words that only label; those in the names of its variables are added.
        by_line: whether each line has to look like a label too, such as ``Question:``. Without, a template
            such as ``Answer the question {question}.``, whose words are all labels, is one.
    """
    words = words_of(text, syntax)
    tokens = find_placeholders(text, syntax)
    if not words:
        return "it is only a placeholder" if len(tokens) == 1 else "it has no words of its own"
    known = labels.union(*(words_of(variable_of(token).replace("_", " ")) for token in tokens))
    if tokens and (_has_only_label_lines(text, syntax, known) if by_line else known.issuperset(words)):
        return "its words only label what is filled in"
    return ""


def _has_only_label_lines(text: str, syntax: Syntax, known: frozenset[str]) -> bool:
    return all(_is_label(line, known) for line in TOKENS[syntax].sub("", text).splitlines())


def _is_label(line: str, known: frozenset[str]) -> bool:
    """Whether a line without placeholders is like ``Question:``, ``## Context`` or ``<input></input>``."""
    words = words_of(line)
    if not words:
        return True
    stripped = line.strip(" *_`\t")
    return known.issuperset(words) and (stripped.startswith(("#", "<")) or stripped.endswith((":", "=")))
