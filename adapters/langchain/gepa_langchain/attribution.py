"""Which components took part in a model call, told from its messages and the candidate's own texts."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import TypeAlias

import attrs

from gepa_core.appgraph import Rewriting, TextPattern
from gepa_core.types import Component
from gepa_langchain.found import Fit, Found

Part: TypeAlias = tuple[str, str]
"""Role and text of a message, or of one text block of it. The role of a plain prompt is empty.

A description in the schema of a tool or of structured output has the role ``"schema:<its name>"``.
"""

SCHEMA_ROLE = "schema:"
_LEAST_WEIGHT_INSIDE = 12


@attrs.frozen(eq=False, kw_only=True)
class Shape:
    """How a component's text looks in a message.

    Attributes:
        name: the component.
        role: role of the message; empty when any will do.
        prompt: which prompt it belongs to.
        pattern: its ordinary text.
        fit: whether a message consists of it alone, starts or ends with it, or contains it.
    """

    name: str
    role: str
    prompt: int
    pattern: TextPattern
    fit: Fit


@attrs.frozen(eq=False)
class Attribution:
    """Matches messages against the texts of one candidate.

    Attributes:
        boundary: recognises texts that no object of the app holds.
    """

    shapes: Sequence[Shape]
    boundary: Rewriting = Rewriting()
    _descriptions: Mapping[Part, Sequence[str]] = attrs.field(init=False, repr=False)

    @_descriptions.default
    def _by_text(self) -> Mapping[Part, Sequence[str]]:
        """Names of the components that describe something, by its role and their text."""
        found: dict[Part, list[str]] = {}
        for shape in self.shapes:
            if shape.fit == "schema":
                text = _cleaned("".join(shape.pattern.literals))
                found.setdefault((shape.role, text), []).append(shape.name)
        return found

    @classmethod
    def of(
        cls,
        found: Mapping[str, Found],
        components: Iterable[Component],
        texts: Mapping[str, str],
        boundary: Rewriting,
    ) -> Attribution:
        """For a candidate with ``texts``."""
        return cls(
            [
                Shape(
                    name=component.name,
                    role=_role(found[component.name], component),
                    prompt=id(found[component.name].place.prompt),
                    pattern=_pattern(
                        texts.get(component.name, component.text), component, found[component.name].fit
                    ),
                    fit=found[component.name].fit,
                )
                for component in components
                if component.name in found
            ],
            boundary,
        )

    def components_in(self, parts: Sequence[Part]) -> tuple[str, ...]:
        """Names of the components that the parts of a call were made from, in the system's order.

        A message belongs to the template that it matches as a whole; of several the one with most ordinary
        text; of equals the one whose prompt accounts for most of the other messages. Texts that are put
        into others (fixed values, the ends of a few-shot prompt) are looked for in the messages.
        """
        names = {name for part in parts for name in self._described_in(part)}
        parts = [part for part in parts if not part[0].startswith(SCHEMA_ROLE)]
        matches = [self._whole_matches(part) for part in parts]
        prompts = Counter(prompt for found in matches for prompt in {shape.prompt for shape in found})
        for part, found in zip(parts, matches, strict=True):
            best = max((prompts[shape.prompt] for shape in found), default=0)
            names.update(shape.name for shape in found if prompts[shape.prompt] == best)
            names.update(self._inside(part, is_explained=bool(found)))
        sent = [name for role, text in parts for name in self.boundary.names_in(role, text)]
        return (*(shape.name for shape in self.shapes if shape.name in names), *dict.fromkeys(sent))

    def components_of_tool(self, name: str) -> tuple[str, ...]:
        """Names of the components that describe a tool and its arguments."""
        role = SCHEMA_ROLE + name
        return tuple(shape.name for shape in self.shapes if shape.fit == "schema" and shape.role == role)

    def _described_in(self, part: Part) -> Sequence[str]:
        role, text = part
        return self._descriptions.get((role, _cleaned(text)), ()) if role.startswith(SCHEMA_ROLE) else ()

    def _whole_matches(self, part: Part) -> list[Shape]:
        role, text = part
        return _heaviest(
            shape
            for shape in self.shapes
            if shape.fit == "whole" and _may_be(shape.role, role) and shape.pattern.matches(text)
        )

    def _inside(self, part: Part, *, is_explained: bool) -> list[str]:
        _, text = part
        pieces = [shape.name for shape in self.shapes if shape.fit != "whole" and _is_inside(shape, text)]
        if is_explained:
            return pieces
        wholes = _heaviest(shape for shape in self.shapes if shape.fit == "whole" and _is_inside(shape, text))
        return [*pieces, *(shape.name for shape in wholes)]


def _role(found: Found, component: Component) -> str:
    return SCHEMA_ROLE + found.description.name if found.description is not None else component.role


def _pattern(text: str, component: Component, fit: Fit) -> TextPattern:
    pattern = TextPattern.of(text, component.syntax)
    if fit == "start":
        return attrs.evolve(pattern, ends=False)
    return attrs.evolve(pattern, starts=False) if fit == "end" else pattern


def _is_inside(shape: Shape, text: str) -> bool:
    if shape.fit == "schema":  # instructions may quote a schema
        said = "".join(shape.pattern.literals)
        return shape.pattern.weight >= _LEAST_WEIGHT_INSIDE and (said in text or _quoted(said) in text)
    if shape.fit in ("start", "end"):
        return bool(shape.pattern.literals) and shape.pattern.matches(text)
    return shape.pattern.weight >= _LEAST_WEIGHT_INSIDE and shape.pattern.occurs_in(text)


_cleaned = functools.lru_cache(maxsize=4096)(cleandoc)


@functools.lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    """``text`` as JSON has it."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _heaviest(shapes: Iterable[Shape]) -> list[Shape]:
    found = list(shapes)
    most = max((shape.pattern.weight for shape in found), default=0)
    return [shape for shape in found if shape.pattern.weight == most]


def _may_be(wanted: str, role: str) -> bool:
    return not wanted or not role or wanted == role
