"""The components of an app as tables, and as JSON."""

from __future__ import annotations

import json

from rich.console import Console
from rich.text import Text

from gepa_core.adapters import choose_components
from gepa_core.cli import wording
from gepa_core.cli.tables import heading, indented, table
from gepa_core.codec import to_plain
from gepa_core.errors import ConfigurationError
from gepa_core.protocols import System


def write(console: Console, system: System, target: str, *, full: bool) -> None:
    """What was found in ``target`` and what was left alone, with the texts if ``full``."""
    chosen = chosen_names(system)
    title = f"{target}: {wording.count(len(system.components), 'component')}"
    console.print(Text(title, "bold"))
    made = table(
        "", "component", "kind", "role", "variables", "length", numbers=("length",), wide=("component",)
    )
    for component in system.components:
        made.add_row(
            Text("●" if component.name in chosen else "○", "green" if component.name in chosen else "dim"),
            Text.assemble(component.name, "\n" if component.source else "", (component.source, "dim")),
            component.kind.replace("_", " "),
            component.role,
            "\n".join(component.variables),
            f"{len(component.text):,}",
        )
    if system.components:
        console.print(made)
        console.print(_legend(len(chosen), len(system.components)), style="dim")
    for component in system.components if full else ():
        console.print(heading(component.name))
        console.print(indented(component.text))
    _write_left_alone(console, system, full=full)


def _legend(chosen: int, found: int) -> str:
    if chosen == found:
        return "● is optimised. Length in characters; no rewrite can lose a variable."
    return (
        "● is optimised, ○ only with --components all. Length in characters; no rewrite can lose a variable."
    )


def _write_left_alone(console: Console, system: System, *, full: bool) -> None:
    if not system.left_alone:
        return
    console.print(heading("Left alone"))
    made = table("what", "why", wide=("what", "why"))
    for one in system.left_alone:
        text = one.text if full else wording.cut(one.text, 60)
        made.add_row(Text.assemble(one.source, "\n" if text else "", (text, "dim")), Text(one.reason))
    console.print(made)


def chosen_names(system: System) -> frozenset[str]:
    """Names of the components that are optimised unless the user says otherwise."""
    try:
        return frozenset(one.name for one in choose_components(system.components, "prompts"))
    except ConfigurationError:
        return frozenset()


def as_json(system: System) -> str:
    """Components with their variables, and what was left alone."""
    chosen = chosen_names(system)
    found = [
        {**to_plain(one), "variables": list(one.variables), "optimised": one.name in chosen}
        for one in system.components
    ]
    alone = [{"source": one.source, "reason": one.reason, "text": one.text} for one in system.left_alone]
    return json.dumps({"components": found, "left_alone": alone}, indent=2)
