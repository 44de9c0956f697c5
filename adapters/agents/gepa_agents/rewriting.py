"""Texts that no object holds: replaced in the message, or in the tool, on its way to the model.

The text of the code is recognised in what is sent: as a whole, with whatever fills its gaps, or, when it
has none, as a piece of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from gepa_agents.expressions import Written
from gepa_agents.reading import INSTRUCTIONS, MESSAGES

_LEAST_INSIDE = 20


@attrs.frozen(kw_only=True)
class Change:
    """One text of the code and what takes its place.

    Attributes:
        new: the new natural text; it has the same gaps.
        role: only messages of this role are changed, unless it is empty.
        tool: the tool whose description it is; empty for a text of a message.
    """

    text: Written
    new: str
    role: str = ""
    tool: str = ""

    def in_text(self, sent: str) -> str | None:
        """``sent`` with the new text; None when the old one is not in it."""
        if not self.text.has_gaps:
            if sent == self.text.natural:
                return self.new
            is_inside = len(self.text.natural) >= _LEAST_INSIDE and self.text.natural in sent
            return sent.replace(self.text.natural, self.new) if is_inside else None
        match = _pattern(self.text).fullmatch(sent)
        if match is None:
            return None
        return re.sub(
            r"\{(" + "|".join(map(re.escape, match.groupdict())) + r")\}",
            lambda gap: match[gap.group(1)],
            self.new,
        )

    @property
    def weight(self) -> int:
        """Characters of ordinary text."""
        return sum(map(len, self.text.pieces[::2]))


def _pattern(text: Written) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = []
    for number, piece in enumerate(text.pieces):
        if number % 2 == 0:
            parts.append(re.escape(piece))
        else:
            parts.append(f"(?P={piece})" if piece in seen else f"(?P<{piece}>.*?)")
            seen.add(piece)
    return re.compile("".join(parts), re.DOTALL)


@attrs.frozen(eq=False)
class Rewriting:
    """Everything that one candidate changes in what is sent."""

    changes: Sequence[Change] = ()

    def arguments(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """A model call's arguments with the new texts; those of the caller stay as they are."""
        if not self.changes:
            return arguments
        new = dict(arguments)
        for name in INSTRUCTIONS:
            if name in new:
                new[name] = self._content(new[name], "system")
        for name in MESSAGES:
            held = new.get(name)
            if isinstance(held, str):
                new[name] = self._content(held, "user" if name == "input" else "")
            elif isinstance(held, list | tuple):
                new[name] = [self._message(message) for message in held]
        for name in ("tools", "functions"):
            if isinstance(new.get(name), list | tuple):
                new[name] = [self.tool(tool) for tool in new[name]]
        return new

    def _message(self, message: Any) -> Any:
        if not isinstance(message, Mapping) or message.get("role") in ("assistant", "tool", "function"):
            return message
        content = self._content(message.get("content"), str(message.get("role")))
        return message if content is message.get("content") else {**message, "content": content}

    def _content(self, content: Any, role: str) -> Any:
        if isinstance(content, str):
            return self._text(content, role)
        if not isinstance(content, list):
            return content
        return [
            {**part, "text": self._text(part["text"], role)}
            if isinstance(part, Mapping) and isinstance(part.get("text"), str)
            else part
            for part in content
        ]

    def _text(self, text: str, role: str) -> str:
        said = "system" if role == "developer" else role
        fitting = [
            one for one in self.changes if not one.tool and (not one.role or not said or one.role == said)
        ]
        for change in sorted(fitting, key=lambda one: -one.weight):
            new = change.in_text(text)
            if new is not None:
                text = new
                if change.text.has_gaps:
                    break
        return text

    def tool(self, tool: Any) -> Any:
        """A tool with the new descriptions."""
        inner = tool.get("function") if isinstance(tool, Mapping) else None
        function = inner if isinstance(inner, Mapping) else tool
        if not isinstance(function, Mapping):
            return tool
        new = self.descriptions(str(function.get("name")))
        if not new:
            return tool
        changed = described(function, new)
        return {**tool, "function": changed} if function is inner else changed

    def descriptions(self, tool: str) -> dict[str, str]:
        """Old and new descriptions of a tool and its arguments."""
        return {one.text.natural: one.new for one in self.changes if one.tool and one.tool == tool}


def described(value: Any, new: Mapping[str, str]) -> Any:
    """A tool or schema in which each description that is a key of ``new`` has its new text."""
    if isinstance(value, Mapping):
        return {
            key: new.get(held, held)
            if key == "description" and isinstance(held, str)
            else described(held, new)
            for key, held in value.items()
        }
    if isinstance(value, list | tuple):
        return [described(held, new) for held in value]
    return value
