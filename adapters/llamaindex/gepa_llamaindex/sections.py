"""The messages of a RichPromptTemplate: what stands in each of its chat blocks is a text of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

_CHAT = re.compile(
    r"\{%[-+]?\s*chat\s+role\s*=\s*([\"'])(?P<role>\w+)\1\s*[-+]?%\}"
    r"(?P<text>.*?)"
    r"\{%[-+]?\s*endchat\s*[-+]?%\}",
    re.DOTALL,
)
_TAG = re.compile(r"\{%")


@attrs.frozen(kw_only=True)
class Section:
    """One message of a template.

    Attributes:
        role: its role.
        number: which message of that role it is, from 1; 0 where it is the only one.
        is_alone: whether the template has no other message.
        begin: where its text begins in the template, without white space around it.
        end: where it ends.
    """

    role: str
    number: int
    is_alone: bool
    begin: int
    end: int

    @property
    def label(self) -> str:
        """The role, and the number where there are several."""
        return f"{self.role}{self.number or ''}"


def sections_of(template: str) -> list[Section]:
    """The messages of a template; none where it has no chat blocks, or they depend on other blocks."""
    matches = list(_CHAT.finditer(template))
    if not matches or _TAG.search(_CHAT.sub("", template)):
        return []
    roles = [match["role"] for match in matches]
    return [
        Section(
            role=match["role"],
            number=roles[: at + 1].count(match["role"]) if roles.count(match["role"]) > 1 else 0,
            is_alone=len(matches) == 1,
            begin=match.start("text") + len(match["text"]) - len(match["text"].lstrip()),
            end=match.start("text") + len(match["text"].rstrip()),
        )
        for at, match in enumerate(matches)
        if match["text"].strip()
    ]


def with_sections(template: str, texts: Mapping[Section, str]) -> str:
    """The template with other texts in some of its messages."""
    for section in sorted(texts, key=lambda one: -one.begin):
        template = f"{template[: section.begin]}{texts[section]}{template[section.end :]}"
    return template
