"""A text that an object of the app holds and that may change: what a candidate's text becomes there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs
from langchain_core.prompts.string import get_template_variables

from gepa_core.appgraph import Site, TemplateGuard
from gepa_core.errors import ConfigurationError
from gepa_langchain.descriptions import Description
from gepa_langchain.places import Place
from gepa_langchain.schemas import SchemaPart, described_schemas

Fit: TypeAlias = Literal["whole", "start", "end", "inside", "schema"]

FORMATTING = ("{", "}", "%s", "%(", "${")
"""Marks of something that is filled in."""
_NAME_IN_BRACES = re.compile(r"(?<!\$)\{[^\W\d]\w*\}")


@attrs.frozen(eq=False, kw_only=True)
class Found:
    """A text of the app that may change.

    Attributes:
        site: where it stands.
        place: what the way there says.
        kind: the component's kind.
        guard: turns texts into what the app holds.
        format: LangChain's name of the template format, empty for a text that is no template.
        fit: how a message is made of it: it is the whole message, its start or end, or inside of it; or it
            is in the schema of a tool or of structured output.
        description: what it describes; None for a prompt.
        sites: every string of the app that it replaces.
    """

    site: Site
    place: Place
    kind: str
    guard: TemplateGuard
    format: str = ""
    fit: Fit = "whole"
    description: Description | None = None
    sites: tuple[Site, ...] = attrs.field()

    @sites.default
    def _one_site(self) -> tuple[Site, ...]:
        return (self.site,) if self.description is None else self.description.sites

    @property
    def schemas(self) -> tuple[SchemaPart, ...]:
        """Every pydantic class that it replaces."""
        return () if self.description is None else self.description.schemas

    def to_value(self, text: str) -> str:
        """What the app is to hold for ``text``.

        Raises:
            ConfigurationError: a template variable would be lost or added.
        """
        template = self.guard.to_template(text)
        if self.format == "unknown":
            self._check_braces(template)
        elif self.format and template != self.guard.template:
            self._check_variables(template)
        return template

    def _check_braces(self, template: str) -> None:
        """The app fills a string in its own way: other braces might be read as variables or not."""
        if template != self.guard.template and not is_plain_format(template):
            raise ConfigurationError(
                f"The text cannot be used at {self.place.source}: it has braces or format marks other"
                f" than {', '.join(self.guard.placeholders)}, and how the app fills it is not known."
            )

    def _check_variables(self, template: str) -> None:
        """Ask the framework itself, as a second opinion."""
        wanted = get_template_variables(self.guard.template, self.format)
        try:
            reads = get_template_variables(template, self.format)
        except Exception as error:
            raise ConfigurationError(f"The text is no {self.format} template: {error}") from error
        if reads != wanted:
            raise ConfigurationError(
                f"The text cannot be used at {self.place.source}: it reads {reads!r} instead of {wanted!r}."
            )


def values_at(texts: Mapping[str, str], found: Mapping[str, Found]) -> dict[Site, Any]:
    """What the app is to hold at which site.

    Args:
        texts: the changed texts, by the name of the component.
        found: where components stand.

    Raises:
        ConfigurationError: a text would lose or add a variable.
    """
    values: dict[Site, Any] = {}
    parts: list[tuple[SchemaPart, str]] = []
    for name, text in texts.items():
        one = found[name]
        values.update((site, one.to_value(text)) for site in one.sites)
        parts += [(part, text) for part in one.schemas]
    return {**values, **described_schemas(parts)}


def is_plain_format(text: str) -> bool:
    """Whether names in braces are all that is to be filled in, so that ``format`` and ``replace`` agree."""
    rest = _NAME_IN_BRACES.sub("", text)
    return rest != text and not any(mark in rest for mark in (*FORMATTING, "%%"))
