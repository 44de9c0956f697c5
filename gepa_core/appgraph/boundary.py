"""Texts that no object holds: recognised in what is sent to a model, and replaced there.

It works on pairs of role and text, so that an adapter only has to take its own messages apart. A text is
recognised as a whole message or as a part of one, with whatever fills its gaps. One message may hold several:
beside each other, or one inside of another's gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from gepa_core.appgraph.written import Match, Written, filled

_LEAST_INSIDE, _LEAST_REPLACED = 12, 20
"""Characters of ordinary text that tell a text inside of another one, and that are worth replacing it."""
_ROLES = {"developer": "system", "human": "user", "ai": "assistant", "function": "tool"}
_NOT_THE_APPS = frozenset(("assistant", "tool"))


def canonical_role(role: str) -> str:
    """One name for what frameworks call differently: system, user, assistant or tool; others as they are."""
    return _ROLES.get(role.lower(), role.lower())


@attrs.frozen(kw_only=True)
class Change:
    """One text that the app sends, and what takes its place.

    Attributes:
        name: the component's; empty for a text that is only known, so that it is taken for no other.
        text: as the app writes it.
        new: the new natural text, with the same gaps.
        role: only messages of this role hold it, unless that is empty.
        tool: the tool whose description it is, or of which it describes an argument; empty for a message.
    """

    name: str = ""
    text: Written
    new: str
    role: str = attrs.field(default="", converter=canonical_role)
    tool: str = ""

    @property
    def is_one(self) -> bool:
        """Whether the new text is another one."""
        return self.new != self.text.natural

    def after(self) -> Change:
        """The new text as what is known, and nothing to change in it."""
        return attrs.evolve(self, text=Written.of(self.new) if self.text.has_gaps else Written((self.new,)))

    def find(self, text: str) -> Match | None:
        """Where it stands in a message; a text that is short counts only as the whole."""
        match = self.text.find(text)
        if match is None or (match.begin, match.end) == (0, len(text)):
            return match
        return match if self.text.weight >= (_LEAST_REPLACED if self.is_one else _LEAST_INSIDE) else None


@attrs.frozen(eq=False)
class Rewriting:
    """All texts that are known at the boundary, with those that one candidate has in their place."""

    changes: Sequence[Change] = ()

    @property
    def is_idle(self) -> bool:
        """Whether everything is sent as it is."""
        return not any(one.is_one for one in self.changes)

    def after(self) -> Rewriting:
        """What recognises the new texts."""
        return Rewriting([one.after() for one in self.changes])

    def text(self, role: str, text: str) -> str:
        """A message, or a text block of one, with the new texts.

        Args:
            role: by whichever framework's name; empty when it is not known. What an assistant or a tool
                said is left alone.
        """
        return self._rewritten(text, self._for(role), [])

    def names_in(self, role: str, text: str) -> tuple[str, ...]:
        """Names of the components that a message or text block was made of."""
        seen: list[Change] = []
        self._rewritten(text, self._for(role), seen)
        return tuple(dict.fromkeys(one.name for one in seen if one.name))

    def descriptions(self, tool: str) -> dict[str, str]:
        """Old and new descriptions of a tool and its arguments."""
        return {one.text.natural: one.new for one in self.changes if one.tool and one.tool == tool}

    def _for(self, role: str) -> list[Change]:
        said = canonical_role(role)
        if said in _NOT_THE_APPS:
            return []
        return [
            one for one in self.changes if not one.tool and (not one.role or not said or one.role == said)
        ]

    def _rewritten(self, text: str, changes: Sequence[Change], seen: list[Change]) -> str:
        found = [(one, match) for one in changes if text and (match := one.find(text)) is not None]
        if not found:
            return text
        change, match = _outermost(found)
        seen.append(change)
        others = [one for one in changes if one is not change]
        values = {
            name: self._rewritten(text[begin:end], others, seen)
            for name, begin, end in match.gaps
            if begin <= end
        }
        return (
            self._rewritten(text[: match.begin], others, seen)
            + filled(change.new, values)
            + self._rewritten(text[match.end :], changes, seen)
        )


def _outermost(found: Sequence[tuple[Change, Match]]) -> tuple[Change, Match]:
    """The heaviest of those that were found, or what holds it in a gap."""
    inner = max(found, key=lambda pair: pair[0].text.weight)
    holders = [pair for pair in found if pair is not inner and pair[1].holds(inner[1])]
    return _outermost(holders) if holders else inner


def known(texts: Iterable[tuple[str, str]]) -> list[Change]:
    """Texts, each with its role, that objects of the app hold: to be taken for no other text."""
    return [Change(text=Written.of(text), new=text, role=role) for role, text in texts]


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
