"""What a rewritten text has to satisfy before any rollout is spent on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gepa_core.data import shown
from gepa_core.templates import template_problems, unwritable
from gepa_core.types import Component

_LONG, _TIMES = 50_000, 5
"""Characters, and multiples of the seed's length, that a rewrite may have where no limit was set."""


def text_problems(component: Component, current: str, text: str) -> list[str]:
    """What is wrong with ``text`` as a rewrite of ``component``; empty when it can be used.

    Each problem begins with a fixed word and a colon, so that dropped proposals can be counted by it:
    ``empty``, ``unchanged``, ``unwritable``, ``placeholder``, ``too-long``.

    Args:
        component: with the seed's text, whose placeholders have to survive.
        current: the text that was to be rewritten.
        text: the new text.
    """
    most = longest(component)
    too_long = [f"too-long: {len(text)} characters, and {most} are allowed"] if len(text) > most else []
    if len(text) > 2 * most:  # not worth a look at the rest
        return too_long
    if not any(char.isprintable() and not char.isspace() for char in text):
        return ["empty: the new text is empty"]
    if text.strip() == current.strip():
        return ["unchanged: the new text equals the current one"]
    bad = unwritable(text)
    problems = template_problems(text, component.placeholders, component.syntax)
    return [
        *(f"unwritable: {problem}" for problem in bad),
        *(f"placeholder: {problem}" for problem in problems if problem not in bad),
        *too_long,
    ]


def longest(component: Component) -> int:
    """The most characters that a rewrite may have.

    Where the component says nothing, a text is refused that no model could have been meant to be sent
    with every call: one that is far longer than the seed's, and than any prompt that people write.
    """
    return component.max_chars or max(_LONG, _TIMES * len(component.text))


def proposed_problems(
    components: Mapping[str, Component],
    chosen: Sequence[str],
    current: Mapping[str, str],
    new: Mapping[str, str],
) -> list[str]:
    """What is wrong with the texts that a mutation plugin returned for the ``chosen`` components."""
    unknown = [name for name in new if name not in chosen]
    if unknown:
        return [f"unknown-component: a text for {shown(unknown[0])}, which was not asked for"]
    if not new:
        return ["empty: no text was proposed"]
    not_texts = [name for name, text in new.items() if not isinstance(text, str)]
    if not_texts:
        return [f"no-text: the text for {not_texts[0]!r} is a {type(new[not_texts[0]]).__name__}"]
    changed = [name for name in new if new[name] != current[name]]
    problems = {name: text_problems(components[name], current[name], new[name]) for name in changed}
    if all(_is_same(each) for each in problems.values()):
        return ["unchanged: every new text equals the current one"]
    return [
        f"{problem} (component {name!r})"
        for name, each in problems.items()
        if not _is_same(each)
        for problem in each
    ]


def _is_same(problems: Sequence[str]) -> bool:
    return any(problem.startswith("unchanged:") for problem in problems)


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
