"""What is optimised: the texts of a system, together a candidate."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from gepa_core.templates import Syntax, find_placeholders, variable_of
from gepa_core.types.content import content_id


@attrs.frozen(kw_only=True)
class Component:
    """One named text of a system that may change.

    Attributes:
        name: unique in the system, stable from one process to the next.
        text: its natural form, see `gepa_core.templates`.
        kind: ``"prompt"``, ``"instructions"``, ``"few_shot"``, ``"tool_description"``, ...
        syntax: how placeholders are written in it.
        role: the role of the message that it becomes, such as ``"system"``; empty when there is none.
        purpose: what it is for and its place among the others, one sentence for the reflection model.
        source: where in the app it was found.
        max_chars: the longest text allowed, in characters; None for no limit.
    """

    name: str
    text: str
    kind: str = "prompt"
    syntax: Syntax = "plain"
    role: str = ""
    purpose: str = ""
    source: str = ""
    max_chars: int | None = None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The placeholder tokens that every rewrite has to keep, verbatim."""
        return find_placeholders(self.text, self.syntax)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its template variables, each once."""
        return tuple(dict.fromkeys(variable_of(token) for token in self.placeholders))


@attrs.frozen(kw_only=True)
class Candidate:
    """A text for every component. Equal texts make equal candidates with equal ids."""

    texts: Mapping[str, str]
    id: str = attrs.field(init=False)

    @id.default
    def _id(self) -> str:
        return content_id(dict(self.texts))

    def with_texts(self, changed: Mapping[str, str]) -> Candidate:
        """This candidate with some texts replaced."""
        return Candidate(texts={**self.texts, **changed})
