"""How an agent fills in its texts, as far as its code says."""

from __future__ import annotations

from collections.abc import Iterable

from gepa_core.appgraph import TemplateGuard, Unguardable, Uses
from gepa_core.templates import find_placeholders


def guard_of(text: str, names: Iterable[str], uses: Uses) -> TemplateGuard:
    """The guard of a text that is known by ``names``.

    A text on which ``format`` is called is a template. So is one with placeholders in an agent that calls
    ``format`` on anything, unless its braces say otherwise. Any other keeps its placeholders word for word,
    and its other braces are ordinary text.

    Raises:
        Unguardable: it is formatted, and its placeholders cannot be told from its text.
    """
    if any(name in uses.formatted for name in names):
        return TemplateGuard.of(text, "braces")
    if not find_placeholders(text, "braces"):
        return TemplateGuard.of(text, "plain")
    if uses.calls & {"format", "format_map"}:
        try:
            return TemplateGuard.of(text, "braces")
        except Unguardable:
            return TemplateGuard.of(text, "plain")
    return TemplateGuard.of(text, "braces", escapes=False)
