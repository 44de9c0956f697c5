"""Which components took part in a model call, told from what was sent and the candidate's own texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs

from gepa_core.appgraph import Rewriting, TextPattern
from gepa_core.templates import Syntax
from gepa_core.types import Component
from gepa_llamaindex.findings import Found

Part: TypeAlias = tuple[str, str]
"""Role and text of a message; the role of a plain prompt is empty."""

_LEAST_WEIGHT_INSIDE = 12
_CHAT_TAG = re.compile(r"\{%-?\s*(?:end)?chat\b.*?%\}", re.DOTALL)
_ADDED_TO_OTHERS = frozenset(("plain", "message", "partial", "variable", "format", "tool", "agent", "schema"))


@attrs.frozen(eq=False, kw_only=True)
class Shape:
    """How a component's text looks in what is sent.

    Attributes:
        name: the component.
        role: role of its message; empty when any will do.
        patterns: its ordinary text, one for each message that it makes.
        is_added: whether it is put into, before or behind other texts.
    """

    name: str
    role: str
    patterns: Sequence[TextPattern]
    is_added: bool


@attrs.frozen(eq=False)
class Attribution:
    """Matches what is sent against the texts of one candidate.

    Attributes:
        shapes: of the texts that objects of the app hold.
        boundary: recognises those that are changed in messages.
        order: names of all components.
    """

    shapes: Sequence[Shape]
    boundary: Rewriting
    order: Sequence[str]

    @classmethod
    def of(
        cls,
        found: Mapping[str, Found],
        components: Sequence[Component],
        texts: Mapping[str, str],
        boundary: Rewriting,
    ) -> Attribution:
        """For a candidate with ``texts``."""
        return cls(
            [
                Shape(
                    name=one.name,
                    role=one.role,
                    patterns=_patterns(texts.get(one.name, one.text), one.syntax),
                    is_added=found[one.name].reads in _ADDED_TO_OTHERS,
                )
                for one in components
                if one.name in found
            ],
            boundary,
            [one.name for one in components],
        )

    def components_in(self, parts: Sequence[Part], tools: Sequence[str] = ()) -> tuple[str, ...]:
        """Names of the components that a call was made from, in the system's order.

        Args:
            parts: the messages.
            tools: every text in the tools and schemas that were sent along.

        A message belongs to the template that it matches as a whole, else to the one with most ordinary
        text that occurs in it: output parsers and models put text around. Texts that are put into others
        are looked for everywhere.
        """
        names: set[str] = set()
        for role, text in parts:
            names.update(self._templates(role, text))
            names.update(shape.name for shape in self.shapes if shape.is_added and _inside(shape, text))
            names.update(self.boundary.names_in(role, text))
        for shape in self.shapes:
            if any(_inside(shape, text) for text in tools):
                names.add(shape.name)
        return tuple(name for name in self.order if name in names)

    def _templates(self, role: str, text: str) -> list[str]:
        able = [shape for shape in self.shapes if not shape.is_added and _may_be(shape.role, role)]
        whole = [(shape, _whole(shape, text)) for shape in able]
        found = [one for one in whole if one[1]] or [(shape, _inside(shape, text)) for shape in able]
        most = max((weight for _, weight in found), default=0)
        return [shape.name for shape, weight in found if weight == most and weight]


def _patterns(text: str, syntax: Syntax) -> list[TextPattern]:
    """One pattern for each message; a jinja2 template of LlamaIndex may make several."""
    sections = _CHAT_TAG.split(text) if syntax == "jinja2" else [text]
    return [TextPattern.of(section, syntax) for section in sections if section.strip()]


def _whole(shape: Shape, text: str) -> int:
    """How many characters of ordinary text say that ``text`` was made from the template; 0 for none."""
    return max((one.weight for one in shape.patterns if one.literals and one.matches(text)), default=0)


def _inside(shape: Shape, text: str) -> int:
    """As `_whole`, for a text that other text was put around."""
    weights = (
        one.weight for one in shape.patterns if one.weight >= _LEAST_WEIGHT_INSIDE and one.occurs_in(text)
    )
    return max(weights, default=_whole(shape, text))


def _may_be(wanted: str, role: str) -> bool:
    """A chat prompt may also be flattened into one plain prompt, or its role changed for the model."""
    return not wanted or not role or wanted == role
