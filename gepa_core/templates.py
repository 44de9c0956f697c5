"""Placeholders of prompt templates: which tokens a rewritten text has to keep, and which it may not add.

A component's text is shown to people and models in its *natural* form. For ``"braces"`` (LangChain's
f-string templates, LlamaIndex's format templates) that is text in which ``{question}`` is a
placeholder and every other brace is an ordinary character; adapters escape the others again when they
build the app. For ``"mustache"`` and ``"jinja2"`` the natural form is the template's own source: a tag
is code, so every tag has to survive verbatim and none may be added.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal, TypeAlias

Syntax: TypeAlias = Literal["plain", "braces", "mustache", "jinja2"]

_TOKENS: dict[str, re.Pattern[str]] = {
    "braces": re.compile(r"\{[A-Za-z_][\w.\[\]!:]*\}"),
    "mustache": re.compile(r"\{\{\{.*?\}\}\}|\{\{.*?\}\}", re.DOTALL),
    "jinja2": re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL),
}
_NAME = re.compile(r"[A-Za-z_]\w*")


def find_placeholders(text: str, syntax: Syntax) -> tuple[str, ...]:
    """The placeholder tokens of ``text``, verbatim, each once, in order of appearance."""
    if syntax == "plain":
        return ()
    return tuple(dict.fromkeys(_TOKENS[syntax].findall(text)))


def variable_of(token: str) -> str:
    """The variable that a placeholder token reads, or the token itself where it names none."""
    match = _NAME.search(token)
    return match.group() if match else token


def template_problems(text: str, placeholders: tuple[str, ...], syntax: Syntax) -> list[str]:
    """What is wrong with ``text`` as a rewrite of a template that has ``placeholders``.

    Returns:
        One sentence for each missing placeholder and each one that the original does not have, empty
        when the text can be used.
    """
    found = Counter(find_placeholders(text, syntax))
    problems = [f"the placeholder {token} is missing" for token in placeholders if token not in found]
    problems += [
        f"the placeholder {token} does not exist in the original and would be filled with nothing"
        for token in found
        if token not in placeholders
    ]
    return problems
