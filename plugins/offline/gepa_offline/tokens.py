"""How many tokens a text counts for: about four characters each, as with real tokenizers of English."""

from __future__ import annotations

import json

from gepa_offline.prompt import Answer, Prompt

_PER_MESSAGE = 4


def count(text: str) -> int:
    """The tokens of a text."""
    return (len(text) + 3) // 4


def count_prompt(prompt: Prompt) -> int:
    """The tokens of a prompt: its messages, a few for each message, and the tools."""
    tools = count(json.dumps(prompt.tools)) if prompt.tools else 0
    return tools + sum(count(text) + _PER_MESSAGE for _, text in prompt.turns)


def count_answer(answer: Answer) -> int:
    """The tokens of an answer, at least 1."""
    calls = sum(count(call.name) + count(json.dumps(dict(call.arguments))) for call in answer.tool_calls)
    return max(1, count(answer.text) + calls)
