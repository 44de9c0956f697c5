"""Placeholders of prompt templates: which tokens a rewritten text has to keep, and which it may not add.

A component's text is shown to people and models in its *natural* form. For ``"braces"`` (LangChain's
f-string templates, LlamaIndex's format templates) that is text in which ``{question}`` is a
placeholder and every other brace is an ordinary character; adapters escape the others again when they
build the app. For ``"mustache"`` and ``"jinja2"`` the natural form is the template's own source: a tag
is code, so every tag has to survive verbatim, in its block, and none may be added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import attrs

Syntax: TypeAlias = Literal["plain", "braces", "mustache", "jinja2"]

TOKENS: dict[str, re.Pattern[str]] = {
    # A name, then a conversion and a format specification as str.format writes them. A specification
    # does not begin with a space, so that {key: value} is ordinary text.
    "braces": re.compile(r"\{[^\W\d][\w.\[\]]*(?:![rsa])?(?::[^\s{}][^{}\n]*|:)?\}"),
    "mustache": re.compile(r"\{\{\{.*?\}\}\}|\{\{.*?\}\}", re.DOTALL),
    "jinja2": re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL),
}
"""How the tokens of each syntax look; ``"plain"`` has none."""

_NAME = re.compile(r"[^\W\d]\w*")
_UNCLOSED = {"mustache": re.compile(r"\{\{"), "jinja2": re.compile(r"\{[{%#]")}
_CLOSERS = {
    "mustache": {"{{": "}}", "{{{": "}}}"},
    "jinja2": {"{{": "}}", "{%": "%}", "{#": "#}"},
}
_MANY = 100
_STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)(.*?)[-+]?%\}", re.DOTALL)
_JINJA_BLOCKS = frozenset(
    ("if", "for", "macro", "call", "filter", "block", "with", "autoescape", "raw", "trans")
)
_JINJA_BRANCHES = frozenset(("else", "elif"))
_NEVER_CLOSED = "a template tag is opened and never closed"
_REACHING = re.compile(r"\{\d*[.\[][^{}]*__\w+__[^{}]*\}")
"""A field without a name that reaches into whatever is filled in by position, such as ``{0.__class__}``."""
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


@attrs.frozen
class Tag:
    """A token and the blocks that it stands in, outermost first."""

    token: str
    blocks: tuple[str, ...] = ()
    is_block: bool = False


def find_placeholders(text: str, syntax: Syntax) -> tuple[str, ...]:
    """The placeholder tokens of ``text``, verbatim, in order of appearance.

    A token that reads a value is listed once for each block in which it stands; one that opens, divides
    or closes a block (and jinja2's other statements) as often as it appears.
    """
    seen: set[Tag] = set()
    found: list[str] = []
    for tag in tags_of(text, syntax):
        if tag.is_block or tag not in seen:
            found.append(tag.token)
            seen.add(tag)
    return tuple(found)


def tags_of(text: str, syntax: Syntax) -> tuple[Tag, ...]:
    """Every token of ``text`` with its place, in order of appearance, repetitions included."""
    if syntax == "plain":
        return ()
    return _nested(TOKENS[syntax].findall(text), syntax)


def variable_of(token: str) -> str:
    """The variable that a placeholder token reads, or the token itself where it names none."""
    statement = _STATEMENT.match(token)
    if statement:
        reads = statement.group(2).rpartition(" in " if statement.group(1) == "for" else "=")[2]
        match = _NAME.search(reads)
    else:
        match = None if token.startswith(("{#", "{{!")) else _NAME.search(token)
    return match.group() if match else token


def template_problems(text: str, placeholders: tuple[str, ...], syntax: Syntax) -> list[str]:
    """What is wrong with ``text`` as a rewrite of a template that has ``placeholders``.

    Args:
        text: the rewritten text, in its natural form.
        placeholders: what `find_placeholders` says of the original.
        syntax: how placeholders are written in both.

    Returns:
        One sentence for each missing placeholder, each one that the original does not have, each tag
        outside of its block, and for characters that no prompt may contain; empty when the text can be
        used.
    """
    problems = unwritable(text)
    if syntax == "plain":
        return problems
    if _is_hopeless(text, syntax):
        return [*problems, _NEVER_CLOSED]
    wanted, found = _nested(placeholders, syntax), tags_of(text, syntax)
    problems += _missing_or_added(wanted, found)
    if syntax == "braces":
        problems += [
            f"the placeholder {field} does not exist in the original and reaches into an object"
            for field in dict.fromkeys(_REACHING.findall(text))
        ]
    if not problems:
        problems += _misplaced(wanted, found)
    if syntax in _UNCLOSED and _UNCLOSED[syntax].search(TOKENS[syntax].sub("", text)):
        problems.append(_NEVER_CLOSED)
    return problems


def _is_hopeless(text: str, syntax: Syntax) -> bool:
    """Whether many tags are opened and never closed: looking for the end of each would take too long."""
    return any(
        text.count(opener, text.rfind(closer) + 1) > _MANY
        for opener, closer in _CLOSERS.get(syntax, {}).items()
    )


def unwritable(text: str) -> list[str]:
    """A sentence for each kind of character in ``text`` that no prompt may contain."""
    names = {"\x00": "the character NUL"}
    found = dict.fromkeys(names.get(char, "half of a surrogate pair") for char in _UNWRITABLE.findall(text))
    return [f"the text contains {name}, which cannot be sent to a model" for name in found]


def _missing_or_added(wanted: Sequence[Tag], found: Sequence[Tag]) -> list[str]:
    wanted_tokens = dict.fromkeys(tag.token for tag in wanted)
    found_tokens = dict.fromkeys(tag.token for tag in found)
    return [
        *(f"the placeholder {token} is missing" for token in wanted_tokens if token not in found_tokens),
        *(
            f"the placeholder {token} does not exist in the original and would be filled with nothing"
            for token in found_tokens
            if token not in wanted_tokens
        ),
    ]


def _misplaced(wanted: Sequence[Tag], found: Sequence[Tag]) -> list[str]:
    """Problems of a text that has the right tokens: blocks in another order, tags outside their block."""
    blocks = [tag.token for tag in wanted if tag.is_block]
    if blocks != [tag.token for tag in found if tag.is_block]:
        return [f"the blocks must stay in this order, each once: {' '.join(blocks)}"]
    values = [tag for tag in wanted if not tag.is_block]
    problems = [
        f"the placeholder {tag.token} is missing {_where(tag.blocks)}" for tag in values if tag not in found
    ]
    for tag in dict.fromkeys(tag for tag in found if not tag.is_block):
        homes = [value.blocks for value in values if value.token == tag.token]
        if not any(tag.blocks[: len(home)] == home for home in homes):
            problems.append(f"the placeholder {tag.token} means nothing {_where(tag.blocks)}")
    return problems


def _where(blocks: tuple[str, ...]) -> str:
    return f"inside of {' '.join(blocks)}" if blocks else "outside of all blocks"


def _nested(tokens: Sequence[str], syntax: Syntax) -> tuple[Tag, ...]:
    """Give each token the blocks that are open where it stands."""
    open_blocks: list[str] = []
    return tuple(_places(tokens, syntax, open_blocks))


def _places(tokens: Sequence[str], syntax: Syntax, open_blocks: list[str]) -> Iterator[Tag]:
    for token in tokens:
        effect = effect_of(token, syntax)
        if effect == "close" and open_blocks:
            _close(open_blocks, syntax)
        elif effect == "branch" and open_blocks:
            _close_statements(open_blocks)
        yield Tag(token, tuple(open_blocks), effect != "value")
        if effect in ("open", "statement"):
            open_blocks.append(token)
        elif effect == "branch" and open_blocks:
            open_blocks[-1] += token


def _close(open_blocks: list[str], syntax: Syntax) -> None:
    if syntax == "jinja2":
        _close_statements(open_blocks)
    if open_blocks:
        open_blocks.pop()


def _close_statements(open_blocks: list[str]) -> None:
    """What an inline statement such as ``{% set %}`` did ends with the block that it stands in."""
    while open_blocks and effect_of(open_blocks[-1], "jinja2") == "statement":
        open_blocks.pop()


def effect_of(token: str, syntax: Syntax) -> Literal["value", "open", "close", "branch", "statement"]:
    """What a token does to the blocks of a template: a value nothing, a jinja2 ``set`` acts until the end."""
    if syntax == "mustache":
        kind = token[2:].lstrip()[:1]
        return "open" if kind in ("#", "^") else "close" if kind == "/" else "value"
    match = _STATEMENT.match(token) if syntax == "jinja2" else None
    if match is None:
        return "value"
    word, rest = match.groups()
    if word.startswith("end"):
        return "close"
    if word in _JINJA_BRANCHES:
        return "branch"
    return "open" if word in _JINJA_BLOCKS or (word == "set" and "=" not in rest) else "statement"
