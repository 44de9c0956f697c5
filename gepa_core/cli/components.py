"""The components of an app as tables, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from gepa_core.adapters import choose_components
from gepa_core.appgraph.respelling import as_literal
from gepa_core.cli import wording
from gepa_core.cli.component_table import component_table
from gepa_core.cli.tables import heading, indented, table
from gepa_core.codec import to_plain
from gepa_core.errors import ConfigurationError
from gepa_core.probe import Probe
from gepa_core.protocols import System
from gepa_core.uncovered import DESCRIPTION, as_sent

_UNCOVERED = (
    "The app reads these from elsewhere when it runs, such as from a file. To optimise them, keep them in a"
    " variable, an attribute or a prompt template that the app reads{instead}"
)
_INSTEAD = (
    ", or pass this to optimize(), with names of your own for the texts and for what is filled in. In a text"
    " that was the same on all rows, compare with its source whether something is filled in."
)
_DESCRIPTIONS = (
    "The description of a tool is a component if the app keeps the tool in a variable or an attribute. For"
    " the tools of an MCP server that are listed anew in each run, see mcp_tools of AgentsAdapter."
)
_DEAD = (
    "Not seen at a model on these rows: {names}. Try rows that lead there; a run leaves them as they are"
    " unless it is told their names with --components."
)
_CACHES = (
    "The app answered without calling a model when its texts had changed, so it keeps answers by something"
    " else than the prompt. Switch that cache off, or no candidate will be told from another."
)


def write(
    console: Console,
    system: System,
    target: str,
    *,
    full: bool,
    probe: Probe | None = None,
    adapter: str = "",
) -> None:
    """What was found in ``target`` and what was left alone, with the texts if ``full``.

    Args:
        probe: what reached a model when the app was tried, if it was.
        adapter: the class of the adapter that took it, where that can be told of texts by ``sent=``.
    """
    chosen = chosen_names(system)
    title = f"{target}: {wording.count(len(system.components), 'component')}"
    console.print(Text(title, "bold"))
    if system.components:
        for line in component_table(console, system.components, chosen, probe):
            console.print(line)
        console.print(_legend(len(chosen), len(system.components), tried=probe is not None), style="dim")
    for component in system.components if full else ():
        console.print(heading(component.name))
        console.print(indented(component.text))
    _write_left_alone(console, system, full=full)
    if probe is not None:
        _write_probe(console, probe, full=full)
        _write_remedy(console, system, probe, adapter)


def _write_probe(console: Console, probe: Probe, *, full: bool) -> None:
    """What the user should do about texts that are dead or uncovered."""
    if probe.uncovered:
        console.print(heading("Reaches a model, and no component holds it"))
        made = table("what", "sent to", wide=("what",))
        for one in probe.uncovered:
            text = one.text if full else wording.cut(one.text, 120)
            made.add_row(text, f"{one.model} {one.role}".strip())
        console.print(made)
    if probe.dead:
        console.print()
        console.print(_DEAD.format(names=", ".join(probe.dead)), style="dim")
    if probe.caches:
        console.print(_CACHES, style="yellow")
    for error in probe.errors:
        console.print(Text.assemble(("the app failed: ", "red"), error))
    console.print(f"{wording.count(probe.rollouts, 'rollout')} were run to find out.", style="dim")


def _write_remedy(console: Console, system: System, probe: Probe, adapter: str) -> None:
    """How to make components of uncovered texts, as code to copy."""
    if not probe.uncovered:
        return
    if any(one.role == DESCRIPTION for one in probe.uncovered):
        console.print(_DESCRIPTIONS, style="dim")
    texts = as_sent(probe.uncovered, [one.name for one in system.components])
    if not texts:
        return
    console.print(_UNCOVERED.format(instead=_INSTEAD if adapter else "."), style="dim")
    if adapter:
        entries = [f"    {as_literal(name)}: {as_literal(text)}," for name, text in texts.items()]
        console.print(Text("\n".join((f"adapter={adapter}(sent={{", *entries, "})"))), soft_wrap=True)


def _legend(chosen: int, found: int, *, tried: bool) -> str:
    marks = "● is optimised" if chosen == found else "● is optimised, ○ only with --components all"
    live = " Live: it reaches a model on these rows." if tried else ""
    return f"{marks}. Length in characters; no rewrite can lose a variable.{live}"


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


def as_json(system: System, probe: Probe | None = None) -> str:
    """Components with their variables, and what was left alone."""
    chosen = chosen_names(system)
    found = [
        {**to_plain(one), "variables": list(one.variables), "optimised": one.name in chosen}
        for one in system.components
    ]
    alone = [{"source": one.source, "reason": one.reason, "text": one.text} for one in system.left_alone]
    page: dict[str, Any] = {"components": found, "left_alone": alone}
    if probe is not None:
        sent = as_sent(probe.uncovered, [one.name for one in system.components])
        page |= {"probe": {**to_plain(probe), "sent": dict(sent)}}
    return json.dumps(page, indent=2)
