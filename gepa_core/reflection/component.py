"""What the reflection model is told of the component: its purpose, its place, what a rewrite must keep."""

from __future__ import annotations

from collections.abc import Sequence

from gepa_core.reflection.pieces import Piece, piece_of
from gepa_core.types import Component

_OTHER_TEXT = 400
_FORMS = {"braces": "{name}", "mustache": "{{name}}", "jinja2": "{{ name }} or {% … %}"}


def show_component(component: Component, all_components: Sequence[Component], most: int) -> list[Piece]:
    """What the component is for, and the names, purposes and shortened texts of the others.

    Args:
        most: others whose texts are shown; further ones are only named.
    """
    others = [each for each in all_components if each.name != component.name]
    pieces: list[Piece] = [f"The component is {_named(component)}.\n"]
    if component.purpose:
        pieces.append(f"Its purpose: {component.purpose}\n")
    if not others:
        return [*pieces, "It is the only text of the system that can be changed.\n"]
    pieces.append(
        f"It is one of {len(others) + 1} texts of the system that work together. The others, for context:\n"
    )
    for other in others[:most]:
        purpose = f": {other.purpose}" if other.purpose else ""
        pieces += [f"- {_named(other)}{purpose}\n", piece_of(_shortened(other.text), 0.5), "\n"]
    if others[most:]:
        pieces.append("- not shown: " + ", ".join(f"`{other.name}`" for other in others[most:]) + "\n")
    return pieces


def show_requirements(component: Component) -> str:
    """What a new text has to keep to, one requirement a line."""
    lines = _placeholder_lines(component)
    if component.max_chars is not None:
        has = f"the current text has {len(component.text):,}"
        lines.append(f"- At most {component.max_chars:,} characters ({has}).")
    return "\n".join(lines)


def _placeholder_lines(component: Component) -> list[str]:
    tokens = component.placeholders
    if component.syntax == "plain":
        return ["- The text has no placeholders; it is used exactly as you write it."]
    if not tokens:
        form = _FORMS[component.syntax]
        return [f"- The text has no placeholders. Do not add any: nothing of the form {form}."]
    lines = [
        "- The text has placeholders that are filled in when the system runs. Keep each of these verbatim:"
    ]
    lines += [f"  - `{token}`" for token in tokens]
    if component.syntax == "braces":
        return [*lines, "- Add no other placeholder. Braces in any other place are ordinary characters."]
    return [*lines, "- Add no other tag, and leave each tag inside the tags that enclose it now."]


def _named(component: Component) -> str:
    role = f", sent as the {component.role} message" if component.role else ""
    return f"`{component.name}` (kind: {component.kind}{role})"


def _shortened(text: str) -> str:
    if len(text) <= _OTHER_TEXT:
        return text
    kept = _OTHER_TEXT * 3 // 4
    return f"{text[:kept]}\n[… {len(text) - kept:,} characters cut …]"
