"""What names and texts say: whether a string may be a prompt."""

from __future__ import annotations

import re

_NAME_OF_PROMPT = re.compile(
    r"(?:^|_)(?:prompts?|instructions?|system|template|persona|guidelines|preamble|system_message)(?:_|$)",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def names_a_prompt(name: str) -> bool:
    """Whether a variable of this name is likely to hold a prompt."""
    return _NAME_OF_PROMPT.search(name) is not None


def reads_like_a_text(text: str, *, words: int = 4) -> bool:
    """Whether a string has enough words to be an instruction."""
    return " " in text.strip() and len(_WORD.findall(text)) >= words
