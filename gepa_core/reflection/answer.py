"""Finding the new text in a reflection model's answer, or saying why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable

from gepa_core.reflection.extracted import (
    Empty,
    Extracted,
    NewText,
    NoText,
    Refused,
    TooLong,
    Truncated,
    Unchanged,
)
from gepa_core.reflection.fences import Block, TooManyFences, before_blocks, find_blocks
from gepa_core.reflection.wording import is_refusal, is_talk, without_small_talk

_CUT_OFF = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})
_FILTERED = frozenset({"content_filter", "refusal", "safety"})
_THINKING = re.compile(r"\s*<(think|thinking|reasoning|thought)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_NAME = r"(?:prompt|instructions?|text|answer|output|component|template|description)"
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>(?:new|improved|revised|updated|final|rewritten)[_-]?{_NAME})>", re.IGNORECASE
)
_WHOLLY_TAGGED = re.compile(rf"<({_NAME})>(.*)</\1>", re.DOTALL | re.IGNORECASE)
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})\S*[ \t\r]*$", re.MULTILINE)
_SHORT = 400
_MOST = 1_000_000
"""Characters of an answer that are looked at: what is longer is no rewrite of any prompt."""
_QUOTES = {'"': '"', "'": "'", "“": "”", "«": "»"}


def extract_text(answer: str, current: str, *, finish_reason: str = "") -> Extracted:
    """The new text in ``answer``, or why there is none. Never raises, whatever the answer is.

    A text in a fenced block is taken exactly as it stands there: the outermost block, and of several the
    last that does not quote the current text. Without a fence the whole answer counts, less tags around it, a
    lead-in, a sign-off and quotation marks, unless it reads as a refusal or as talk about the text.

    Args:
        answer: what the model said.
        current: the component's text as it is.
        finish_reason: the provider's word for why the answer ended, such as ``"length"``.
    """
    answer = _THINKING.sub("", answer, count=1) if _THINKING.match(answer) else answer
    hopeless = _hopeless(answer, finish_reason.lower())
    if hopeless is not None:
        return hopeless
    try:
        blocks = find_blocks(answer)
    except TooManyFences as error:
        return NoText(str(error))
    if not blocks:
        return _from_prose(answer, current)
    found = _checked(_choose(blocks, current).text, current)
    if isinstance(found, NewText) or not is_refusal(before_blocks(answer)):
        return found
    return Refused(_opening(answer))


def _hopeless(answer: str, finish_reason: str) -> Extracted | None:
    """Why ``answer`` need not be looked into."""
    if finish_reason in _CUT_OFF:
        return Truncated("the answer was cut off at its length limit")
    if finish_reason in _FILTERED:
        return Refused(f"the provider stopped the answer ({finish_reason})")
    if len(answer) > _MOST:
        return TooLong(f"the answer has {len(answer)} characters")
    return None if answer.strip() else Empty("the answer has no text")


def _choose(blocks: list[Block], current: str) -> Block:
    """The last complete block that holds a text (not code or data) and is no quotation of the current one.

    Each condition counts only where some block meets it.
    """
    whole = _normalised(current)
    conditions: tuple[Callable[[Block], bool], ...] = (
        lambda block: _has_text(block.text),
        lambda block: block.closed,
        lambda block: _normalised(block.text) != whole,
        lambda block: _normalised(block.text) not in whole,
        lambda block: block.is_prose,
    )
    for condition in conditions:
        blocks = [block for block in blocks if condition(block)] or blocks
    return blocks[-1]


def _from_prose(answer: str, current: str) -> Extracted:
    tagged = _tagged(answer)
    if tagged is not None and f"<{tagged[0]}>" not in current:
        return _checked(tagged[1].strip(), current)
    if is_refusal(answer):
        return Refused(_opening(answer))
    text = _unwrapped(without_small_talk(answer, current), current)
    if is_refusal(text):
        return Refused(_opening(text))
    if is_talk(text):
        return NoText(f"the answer speaks about the text instead of giving it: {_opening(text)!r}")
    return _checked(text, current)


def _tagged(answer: str) -> tuple[str, str] | None:
    """The name of the first tag that is closed later, and what stands in it up to the last such end."""
    tags = list(_TAG.finditer(answer))
    ends = {tag["name"].lower(): tag.start() for tag in tags if tag["end"]}
    for tag in tags:
        end = ends.get(tag["name"].lower(), -1)
        if not tag["end"] and end >= tag.end():
            return tag["name"], answer[tag.end() : end]
    return None


def _unwrapped(text: str, current: str) -> str:
    """``text`` without marks around all of it that the current text has not: a fence, a tag, quotes."""
    inline = re.fullmatch(r"(`{3,})(.*?)\1", text, re.DOTALL)
    if inline is not None and inline[2].strip():
        return inline[2].strip()
    tagged = _WHOLLY_TAGGED.fullmatch(text)
    if tagged is not None and not any(f"<{tagged[1]}>" in each for each in (current, tagged[2])):
        return tagged[2].strip()
    closing = None if current.startswith(text[:1]) else _QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing and len(text) > 2 and text.endswith(closing) and closing not in inner and text[0] not in inner:
        return inner.strip()
    return text


def _checked(text: str, current: str) -> Extracted:
    if not _has_text(text):
        return NoText("the answer's block is empty")
    if "\x00" in text:
        return NoText("the text has NUL characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        return NoText("the text has characters that are no valid Unicode (lone surrogates)")
    if _normalised(text) == _normalised(current):
        return Unchanged("the text is the same as the current one")
    if len(text) < _SHORT and is_refusal(text):
        return Refused(_opening(text))
    return NewText(text)


def _has_text(text: str) -> bool:
    return bool(_FENCE_LINE.sub("", text).strip())


def _normalised(text: str) -> str:
    return " ".join(text.split())


def _opening(text: str) -> str:
    line = _normalised(text)
    return line if len(line) <= 160 else f"{line[:159]}…"
