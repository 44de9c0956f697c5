"""What names and texts say: whether a string may be a prompt."""

from __future__ import annotations

import re

from gepa_core.appgraph import Dialect
from gepa_core.appgraph.uses import Taken

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


_SYSTEM = ("instructions", "system", "system_prompt", "system_instruction")
_TAKEN: Taken = {**dict.fromkeys(_SYSTEM, "system"), "input": "user", "prompt": "user"}
_CALLS = ("create", "completion", "acompletion", "parse", "responses", "aresponses", "stream")

DIALECT = Dialect(calls=dict.fromkeys(_CALLS, _TAKEN), names_a_prompt=names_a_prompt)
"""How agents hand texts to a client of a chat API."""
