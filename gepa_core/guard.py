"""What a rewritten text has to satisfy before any rollout is spent on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gepa_core.templates import template_problems
from gepa_core.types import Component


def text_problems(component: Component, current: str, text: str) -> list[str]:
    """What is wrong with ``text`` as a rewrite of ``component``; empty when it can be used.

    Each problem begins with a fixed word and a colon, so that dropped proposals can be counted by it:
    ``empty``, ``unchanged``, ``too-long``, ``placeholder``.

    Args:
        component: with the seed's text, whose placeholders have to survive.
        current: the text that was to be rewritten.
        text: the new text.
    """
    if not text.strip():
        return ["empty: the new text is empty"]
    if text == current:
        return ["unchanged: the new text equals the current one"]
    problems = [
        f"placeholder: {problem}"
        for problem in template_problems(text, component.placeholders, component.syntax)
    ]
    if component.max_chars is not None and len(text) > component.max_chars:
        problems.append(f"too-long: {len(text)} characters, and {component.max_chars} are allowed")
    return problems


def proposed_problems(
    components: Mapping[str, Component],
    chosen: Sequence[str],
    current: Mapping[str, str],
    new: Mapping[str, str],
) -> list[str]:
    """What is wrong with the texts that a mutation plugin returned for the ``chosen`` components."""
    unknown = [name for name in new if name not in chosen]
    if unknown:
        return [f"unknown-component: a text for {unknown[0]!r}, which was not asked for"]
    if not new:
        return ["empty: no text was proposed"]
    not_texts = [name for name, text in new.items() if not isinstance(text, str)]
    if not_texts:
        return [f"no-text: the text for {not_texts[0]!r} is a {type(new[not_texts[0]]).__name__}"]
    changed = [name for name in new if new[name] != current[name]]
    if not changed:
        return ["unchanged: every new text equals the current one"]
    return [
        f"{problem} (component {name!r})"
        for name in changed
        for problem in text_problems(components[name], current[name], new[name])
    ]


def merged_problems(components: Sequence[Component], texts: Mapping[str, str]) -> list[str]:
    """What is wrong with the texts of a merge, which has one for each of ``components``.

    Args:
        components: with the seed's texts, which are right by definition.
        texts: the merge's texts by component name.
    """
    changed = [component for component in components if texts[component.name] != component.text]
    return [
        f"{problem} (component {component.name!r})"
        for component in changed
        for problem in text_problems(component, component.text, texts[component.name])
    ]
