"""Which components took part in a step, told from the texts in it and the candidate's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from gepa_agents.reading import Part, descriptions_in, parts_of, tool_function, tools_in
from gepa_core.appgraph import TextPattern
from gepa_core.types import Component

DESCRIPTIONS = frozenset(("tool_description", "argument_description", "schema_description"))
_LEAST_WEIGHT_INSIDE = 12


@attrs.frozen(eq=False)
class Shape:
    """How a component's text looks in what is sent to a model.

    Attributes:
        tool: the tool that it describes, or of which it describes an argument; empty for a prompt.
    """

    name: str
    kind: str
    role: str
    pattern: TextPattern
    tool: str = ""


@attrs.frozen(eq=False)
class Attribution:
    """Matches what one rollout sends against the texts of its candidate."""

    shapes: Sequence[Shape] = ()

    @classmethod
    def of(
        cls, components: Iterable[Component], texts: Mapping[str, str], tools: Mapping[str, str]
    ) -> Attribution:
        """For a candidate with ``texts``; ``tools`` says which tool a component describes."""
        return cls(
            [
                Shape(
                    one.name,
                    one.kind,
                    one.role,
                    TextPattern.of(texts.get(one.name, one.text), one.syntax),
                    tools.get(one.name, ""),
                )
                for one in components
            ]
        )

    def in_call(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the components in a model call with ``arguments``, in the system's order."""
        names: set[str] = set()
        for part in parts_of(arguments):
            names.update(self._in_part(part))
        for tool in tools_in(arguments):
            names.update(self._in_tool(tool_function(tool)))
        descriptions = set(descriptions_in(arguments.get("response_format")))
        names.update(
            shape.name
            for shape in self.shapes
            if shape.kind == "schema_description" and any(map(shape.pattern.matches, descriptions))
        )
        return self._ordered(names)

    def of_tool(self, name: str) -> tuple[str, ...]:
        """Names of the components that describe a tool."""
        return self._ordered({shape.name for shape in self.shapes if shape.tool == name})

    def _ordered(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = set(names)
        return tuple(shape.name for shape in self.shapes if shape.name in wanted)

    def _in_tool(self, tool: Any) -> list[str]:
        name = tool.get("name", "") if isinstance(tool, Mapping) else ""
        descriptions = set(descriptions_in(tool))
        return [
            shape.name
            for shape in self.shapes
            if shape.kind in DESCRIPTIONS
            and shape.tool in ("", name)
            and any(map(shape.pattern.matches, descriptions))
        ]

    def _in_part(self, part: Part) -> list[str]:
        """The template that made the whole text, and whatever else is inside of it."""
        role, text = part
        prompts = [shape for shape in self.shapes if shape.kind not in DESCRIPTIONS]
        whole = [one for one in prompts if _may_be(one.role, role) and one.pattern.matches(text)]
        heaviest = max((one.pattern.weight for one in whole), default=0)
        whole = [one for one in whole if one.pattern.weight == heaviest]
        inside = [one for one in prompts if one not in whole and _is_inside(one.pattern, text)]
        return [one.name for one in (*whole, *_largest(inside, whole))]


def _largest(shapes: Sequence[Shape], whole: Sequence[Shape]) -> list[Shape]:
    """Those that are not just a piece of another one that is there, too."""
    others = (*shapes, *whole)
    return [
        shape
        for shape in shapes
        if not any(
            other is not shape
            and other.pattern.weight > shape.pattern.weight
            and any(shape.pattern.occurs_in(literal) for literal in other.pattern.literals)
            for other in others
        )
    ]


def _is_inside(pattern: TextPattern, text: str) -> bool:
    return pattern.weight >= _LEAST_WEIGHT_INSIDE and pattern.occurs_in(text)


def _may_be(wanted: str, role: str) -> bool:
    same = {"developer": "system"}
    return not wanted or not role or same.get(wanted, wanted) == same.get(role, role)
