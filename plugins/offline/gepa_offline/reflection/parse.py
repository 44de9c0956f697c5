"""Finding the current text and the feedback in a reflection prompt, whoever wrote the prompt.

Two formats are known to work: the one of `gepa_core.defaults`, with the text in a fenced block under a
heading that says "Current text", and the default of the PyPI package gepa, whose first fenced block is
the instruction. In both, feedback stands under headings that contain the word.
"""

from __future__ import annotations

import re

import attrs

_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<body>.*?)\n?(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_CURRENT = re.compile(r"^#{1,6} .*current text.*$", re.MULTILINE | re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6} ")
_FEEDBACK = re.compile(r"^\W*(?:\w+ ){0,3}feedback\b[^:.]{0,40}(?::|\W*$)", re.IGNORECASE)
_LABEL = re.compile(
    r"^\W*(?:inputs?|outputs?|generated outputs?|expected|score|trajectory|steps?|example|error)\b"
    r"[^.]{0,30}(?::|\W*$)",
    re.IGNORECASE,
)


@attrs.frozen
class ReflectionPrompt:
    """A reflection prompt, taken apart.

    Attributes:
        current: the text to rewrite; None when no fenced block was found.
        feedback: what is said about the outputs; everything after the text when nothing is marked so.
    """

    current: str | None
    feedback: str


def parse(prompt: str) -> ReflectionPrompt:
    """Take a reflection prompt apart."""
    heading = _CURRENT.search(prompt)
    block = _FENCE.search(prompt, heading.end() if heading else 0) or _FENCE.search(prompt)
    if block is None:
        return ReflectionPrompt(None, prompt)
    rest = prompt[: block.start()] + "\n" + prompt[block.end() :]
    return ReflectionPrompt(block.group("body"), _feedback_of(rest) or rest)


def _feedback_of(text: str) -> str:
    """The lines that follow a heading or label "feedback", up to the next heading or label."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        if _FEEDBACK.match(line):
            inside = True
        elif _HEADING.match(line) or _LABEL.match(line):
            inside = False
        if inside:
            kept.append(line)
    return "\n".join(kept)
