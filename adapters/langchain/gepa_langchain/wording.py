"""Whether the ordinary text of a template says something to a model, or only labels what is filled in."""

from __future__ import annotations

import re

from gepa_core.templates import TOKENS, Syntax, find_placeholders, variable_of

_WORD = re.compile(r"[^\W\d_]{2,}")
_LABELS = frozenset(
    (
        "ai",
        "and",
        "answer",
        "assistant",
        "chat",
        "context",
        "conversation",
        "document",
        "documents",
        "example",
        "history",
        "human",
        "input",
        "inputs",
        "message",
        "messages",
        "output",
        "passage",
        "passages",
        "query",
        "question",
        "questions",
        "reply",
        "response",
        "text",
        "the",
        "ticket",
        "topic",
        "user",
    )
)


def words_of(text: str, syntax: Syntax = "plain") -> list[str]:
    """The words of a template's ordinary text, in lower case."""
    ordinary = text if syntax == "plain" else TOKENS[syntax].sub(" ", text)
    return [word.lower() for word in _WORD.findall(ordinary)]


def is_instruction(text: str, *, words: int) -> bool:
    """Whether a string that is no template has enough words to be an instruction."""
    return len(words_of(text)) >= words and " " in text.strip()


def why_no_instruction(text: str, syntax: Syntax) -> str:
    """Why a template is nothing to improve; empty when it is."""
    words = words_of(text, syntax)
    tokens = find_placeholders(text, syntax)
    if not words:
        return "it is only a placeholder" if len(tokens) == 1 else "it has no words of its own"
    known = _LABELS.union(*(words_of(variable_of(token).replace("_", " ")) for token in tokens))
    lines = TOKENS[syntax].sub("", text).splitlines() if tokens else []
    if lines and all(_is_label(line, known) for line in lines):
        return "its words only label what is filled in"
    return ""


def _is_label(line: str, known: frozenset[str]) -> bool:
    """Whether a line without placeholders is like ``Question:``, ``## Context`` or ``<input></input>``."""
    words = words_of(line)
    if not words:
        return True
    stripped = line.strip(" *_`\t")
    return (
        stripped.startswith(("#", "<")) or stripped.endswith((":", "=")) if known.issuperset(words) else False
    )
