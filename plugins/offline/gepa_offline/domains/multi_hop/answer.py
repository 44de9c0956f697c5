"""How the simulated task model reads and answers prompts of the multi-hop domain."""

from __future__ import annotations

import re
from functools import lru_cache

import attrs

from gepa_offline.domains.multi_hop.kinds import KINDS, Kind
from gepa_offline.domains.multi_hop.rules import ANSWER, QUERY
from gepa_offline.judge import Judge
from gepa_offline.prompt import Answer, Prompt

_PASSAGE = re.compile(r"^\[\d+\] (?P<passage>[^\n]+)$", re.MULTILINE)
_NUMBER = r"(?:No\. \d+: )?"
NOT_STATED = "The passages do not say."


def _question_pattern() -> re.Pattern[str]:
    asks = [
        re.escape(ask).replace(re.escape("{work}"), rf"(?P<{kind.id}_{number}>The \w+ \w+)")
        for kind in KINDS
        for number, ask in enumerate(kind.asks)
    ]
    return re.compile(_NUMBER + "(?:" + "|".join(asks) + ")")


_QUESTION = _question_pattern()
_BY_ID = {kind.id: kind for kind in KINDS}


@attrs.frozen
class Part:
    """A message, taken apart: what it instructs, what it asks last, the passages it shows."""

    instruction: str
    question: tuple[Kind, str] | None
    passages: tuple[str, ...]


@lru_cache(maxsize=8192)
def take_apart(text: str) -> Part:
    """Take a message apart. Cached: instructions and questions come back in many prompts."""
    question = None
    for match in _QUESTION.finditer(text):
        group = next(name for name, value in match.groupdict().items() if value)
        question = _BY_ID[group.rpartition("_")[0]], match[group]
    rest = _QUESTION.sub("", text)
    return Part(_PASSAGE.sub("", rest), question, tuple(_PASSAGE.findall(rest)))


def answer(prompt: Prompt, judge: Judge) -> Answer | None:
    """Write a query, or answer from passages where the prompt has some; None without a question.

    The last question in a system or user message is the one meant.
    """
    parts = [take_apart(text) for role, text in prompt.turns if role in ("system", "user")]
    questions = [part.question for part in parts if part.question]
    if not questions:
        return None
    kind, work = questions[-1]
    instruction = "\n".join(part.instruction for part in parts)
    passages = [passage for part in parts for passage in part.passages]
    if not passages:
        section = judge.value(QUERY, f"query.{kind.id}", instruction)
        return Answer(text=f"{work.removeprefix('The ')} {section}")
    return Answer(text=_from_passages(kind, passages, instruction, judge))


def _from_passages(kind: Kind, passages: list[str], instruction: str, judge: Judge) -> str:
    value = judge.value(ANSWER, f"answer.{kind.id}", instruction)
    if value == "not stated":
        return NOT_STATED
    for passage in passages:
        found = kind.answer(passage, in_form=value == "in form")
        if found is not None:
            return passage if value == "sentence" else found
    return NOT_STATED
