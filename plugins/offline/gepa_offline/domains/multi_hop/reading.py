"""Taking messages of the multi-hop domain apart: questions, passages, and options to choose from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

import attrs

from gepa_offline.domains.multi_hop.kinds import KINDS, Kind

_WORK = r"The \w+ \w+"
_NUMBER = r"(?:No\. \d+: )?"
_SECTIONS = "|".join(["overview", *(kind.section for kind in KINDS)])
_PASSAGE = re.compile(
    rf"^(?:\[\d+\] (?P<numbered>[^\n]+)|(?P<titled>[^\n(]+ \((?:{_SECTIONS})\): [^\n]+))$", re.MULTILINE
)
_CHOICE = re.compile(r"^\(\d+\) (?P<choice>[^\n]+)$", re.MULTILINE)
_TOOLS = re.compile(r"^<Tools>\n```json\n(?P<tools>\{.*?\n\})\n```$", re.MULTILINE | re.DOTALL)
_RESPONSE = re.compile(r"^Sub question: (?P<question>[^\n]+)\nResponse: (?P<response>[^\n]*)$", re.MULTILINE)
_NAMED = re.compile(r"\bThe [A-Z]\w+ [A-Z]\w+")
FOLLOW_UP = "that work"
"""How a later question names the work that was last spoken of."""


def _question_pattern() -> re.Pattern[str]:
    asks = [
        re.escape(ask).replace(re.escape("{work}"), rf"(?P<{kind.id}_{number}>{_WORK}|{FOLLOW_UP})")
        for kind in KINDS
        for number, ask in enumerate(kind.asks)
    ]
    return re.compile(_NUMBER + "(?:" + "|".join(asks) + ")")


_QUESTION = _question_pattern()
_BY_ID = {kind.id: kind for kind in KINDS}


@attrs.frozen
class Question:
    """A question: its kind, the work that it names, and its words."""

    kind: Kind
    work: str
    text: str

    def about(self, work: str) -> Question:
        """This question, naming ``work`` where it speaks of a work named before."""
        if self.work != FOLLOW_UP:
            return self
        return Question(self.kind, work, self.text.replace(FOLLOW_UP, work))


@attrs.frozen(kw_only=True)
class Part:
    """A message, taken apart.

    Attributes:
        instruction: all that is none of the following.
        questions: in order.
        passages: numbered lines, or lines that begin with a title of the corpus.
        choices: numbered options, as ``(1) ...``.
        tools: options by name, as JSON after a line ``<Tools>``; the last such list.
        responses: pairs of a sub-question and the response to it.
    """

    instruction: str
    questions: tuple[Question, ...]
    passages: tuple[str, ...]
    choices: tuple[str, ...]
    tools: Mapping[str, str]
    responses: tuple[tuple[str, str], ...]


@lru_cache(maxsize=8192)
def take_apart(text: str) -> Part:
    """Take a message apart. Cached: instructions and questions come back in many prompts."""
    responses = tuple((found["question"], found["response"]) for found in _RESPONSE.finditer(text))
    rest = _RESPONSE.sub("", text)
    questions = tuple(_question(found) for found in _QUESTION.finditer(rest))
    rest = _QUESTION.sub("", rest)
    passages = tuple(found["numbered"] or found["titled"] for found in _PASSAGE.finditer(rest))
    rest = _PASSAGE.sub("", rest)
    listed = [*_TOOLS.finditer(rest)]
    return Part(
        instruction=_CHOICE.sub("", _TOOLS.sub("", rest)),
        questions=questions,
        passages=passages,
        choices=tuple(_CHOICE.findall(rest)),
        tools=_read(listed[-1]["tools"]) if listed else {},
        responses=responses,
    )


def _question(found: re.Match[str]) -> Question:
    group = next(name for name, value in found.groupdict().items() if value)
    return Question(_BY_ID[group.rpartition("_")[0]], found[group], found[0])


def _read(tools: str) -> Mapping[str, str]:
    try:
        return {name: str(about) for name, about in json.loads(tools).items()}
    except ValueError:
        return {}


@lru_cache(maxsize=8192)
def last_work(text: str) -> str:
    """The last title that looks like that of a work; empty when there is none."""
    named = _NAMED.findall(text)
    return named[-1] if named else ""
