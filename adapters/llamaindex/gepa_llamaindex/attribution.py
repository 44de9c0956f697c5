"""Which components took part in a model call, told from what was sent and the candidate's own texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import attrs

from gepa_core.appgraph import TextPattern
from gepa_core.types import Component
from gepa_llamaindex.findings import Found

Part: TypeAlias = tuple[str, str]
"""Role and text of a message; the role of a plain prompt is empty."""

_LEAST_WEIGHT_INSIDE = 12
_DESCRIPTIONS = frozenset(("tool_description", "argument_description", "schema_description"))
_ADDED_TO_OTHERS = frozenset(("plain", "partial", "variable", "format", "tool", "agent", "schema"))


@attrs.frozen(eq=False, kw_only=True)
class Shape:
    """How a component's text looks in what is sent.

    Attributes:
        name: the component.
        role: role of its message; empty when any will do.
        pattern: its ordinary text.
        is_added: whether it is put into, before or behind other texts.
        is_description: whether it may stand in the tools that are sent along.
    """

    name: str
    role: str
    pattern: TextPattern
    is_added: bool
    is_description: bool


@attrs.frozen(eq=False)
class Attribution:
    """Matches what is sent against the texts of one candidate."""

    shapes: Sequence[Shape]

    @classmethod
    def of(
        cls, found: Mapping[str, Found], components: Iterable[Component], texts: Mapping[str, str]
    ) -> Attribution:
        """For a candidate with ``texts``."""
        return cls(
            [
                Shape(
                    name=one.name,
                    role=one.role,
                    pattern=TextPattern.of(texts.get(one.name, one.text), one.syntax),
                    is_added=found[one.name].reads in _ADDED_TO_OTHERS,
                    is_description=one.kind in _DESCRIPTIONS,
                )
                for one in components
            ]
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
            names.update(
                shape.name for shape in self.shapes if shape.is_added and _is_inside(shape.pattern, text)
            )
        for shape in self.shapes:
            if shape.is_description and any(_is_inside(shape.pattern, text) for text in tools):
                names.add(shape.name)
        return tuple(shape.name for shape in self.shapes if shape.name in names)

    def _templates(self, role: str, text: str) -> list[str]:
        able = [shape for shape in self.shapes if not shape.is_added and _may_be(shape.role, role)]
        whole = [shape for shape in able if shape.pattern.matches(text)]
        return _heaviest(whole or [shape for shape in able if _is_inside(shape.pattern, text)])


def _is_inside(pattern: TextPattern, text: str) -> bool:
    if pattern.weight < _LEAST_WEIGHT_INSIDE:
        return bool(pattern.literals) and pattern.matches(text)
    return pattern.occurs_in(text)


def _heaviest(shapes: Sequence[Shape]) -> list[str]:
    most = max((shape.pattern.weight for shape in shapes), default=0)
    return [shape.name for shape in shapes if shape.pattern.weight == most]


def _may_be(wanted: str, role: str) -> bool:
    """A chat prompt may also be flattened into one plain prompt, or its role changed for the model."""
    return not wanted or not role or wanted == role
