"""Whether a text says something to a model, or only labels what is filled in."""

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
        "content",
        "context",
        "conversation",
        "document",
        "documents",
        "example",
        "file",
        "history",
        "human",
        "info",
        "input",
        "inputs",
        "message",
        "messages",
        "metadata",
        "output",
        "passage",
        "passages",
        "path",
        "query",
        "question",
        "questions",
        "reply",
        "response",
        "source",
        "str",
        "text",
        "the",
        "topic",
        "user",
    )
)


def words_of(text: str, syntax: Syntax = "plain") -> list[str]:
    """The words of a template's ordinary text, in lower case."""
    ordinary = text if syntax == "plain" else TOKENS[syntax].sub(" ", text)
    return [word.lower() for word in _WORD.findall(ordinary)]


def is_instruction(text: str, *, words: int) -> bool:
    """Whether a string has enough words to be an instruction."""
    return " " in text.strip() and len(words_of(text)) >= words


def why_no_instruction(text: str, syntax: Syntax) -> str:
    """Why a template is nothing to improve; empty when it is."""
    words = words_of(text, syntax)
    tokens = find_placeholders(text, syntax)
    if not words:
        return "it is only a placeholder" if len(tokens) == 1 else "it has no words of its own"
    variables = {word for token in tokens for word in words_of(variable_of(token).replace("_", " "))}
    if tokens and all(word in _LABELS or word in variables for word in words):
        return "its words only label what is filled in"
    return ""
