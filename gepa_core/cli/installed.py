"""What entry points offer, and whether it can be loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from typing import Any

import attrs
from rich.console import Console
from rich.text import Text

from gepa_core.adapters import installed_adapters
from gepa_core.cli.tables import heading, table
from gepa_core.executors import installed_executors
from gepa_core.manager import describe_distribution, installed_plugins
from gepa_core.markers import PROJECT
from gepa_core.presets import PRESETS
from gepa_core.registration import HOOKS


@attrs.frozen(kw_only=True)
class Installed:
    """A plugin, an adapter or an executor.

    Attributes:
        name: what users write of a plugin or an executor; of an adapter, the root package whose objects it
            takes.
        distribution: name and version of what brought it.
        hooks: the hooks that a plugin implements.
        error: why it cannot be loaded; empty when it can.
    """

    name: str
    distribution: str
    hooks: tuple[str, ...] = ()
    error: str = ""


def look() -> dict[str, list[Installed]]:
    """Everything under ``adapters``, ``plugins``, ``executors`` and ``built_in``, loaded; raises for none."""
    return {
        "adapters": [_inspected(one, is_plugin=False) for one in installed_adapters().values()],
        "plugins": [_inspected(one, is_plugin=True) for one in installed_plugins().values()],
        "executors": [_inspected(one, is_plugin=False) for one in installed_executors().values()],
        "built_in": _built_in(),
    }


def _inspected(point: EntryPoint, *, is_plugin: bool) -> Installed:
    origin = describe_distribution(point)
    try:
        loaded = point.load()
    except (Exception, SystemExit) as error:  # whatever a broken package does must not hide the others
        message = f"{type(error).__name__}: {error}"
        return Installed(name=point.name, distribution=origin, error=message)
    hooks = hooks_of(loaded) if is_plugin else ()
    problem = "" if hooks or not is_plugin else "implements no hook"
    return Installed(name=point.name, distribution=origin, hooks=hooks, error=problem)


def hooks_of(plugin: Any) -> tuple[str, ...]:
    """Names of the hooks that a plugin, or the class of one, implements, in the order of their specs."""
    return tuple(name for name in HOOKS if hasattr(getattr(plugin, name, None), f"{PROJECT}_impl"))


def _built_in() -> list[Installed]:
    from gepa_core.defaults.running import RunSystem, UserMetric

    running: Mapping[str, Any] = {"capture": RunSystem, "metric": UserMetric}
    presets: dict[str, list[str]] = {}
    plugins: dict[str, Any] = {}
    for name, preset in PRESETS.items():
        for plugin, value in preset().plugins.items():
            presets.setdefault(plugin, []).append(name)
            plugins.setdefault(plugin, value)
    everywhere = ", ".join(PRESETS)
    return [
        Installed(name=name, distribution=", ".join(presets.get(name, [everywhere])), hooks=hooks_of(plugin))
        for name, plugin in {**plugins, **running}.items()
    ]


def write(console: Console, found: Mapping[str, Sequence[Installed]]) -> None:
    """Three tables, and what is broken below them."""
    _write(console, "Adapters", "takes objects of", found["adapters"])
    _write(console, "Plugins", "name", found["plugins"])
    if found["executors"]:
        _write(console, "Executors", "name", found["executors"])
    console.print(heading("Built in"))
    made = table("name", "hooks", "presets")
    for one in found["built_in"]:
        made.add_row(one.name, "\n".join(one.hooks), Text(one.distribution, "dim"))
    console.print(made)
    console.print(
        "\nUse a plugin with --plugin NAME; leave a built-in one out with --plugin no:NAME.", style="dim"
    )
    for one in (*found["adapters"], *found["plugins"], *found["executors"]):
        if one.error:
            console.print(Text.assemble(("\nbroken: ", "bold red"), f"{one.name} of {one.distribution}"))
            console.print(Text(f"  {one.error}", "red"))


def _write(console: Console, title: str, label: str, found: Sequence[Installed]) -> None:
    console.print(heading(title))
    if not found:
        console.print("none installed", style="dim")
        return
    has_hooks = any(one.hooks for one in found)
    made = table(label, "distribution", "state", *(["hooks"] if has_hooks else []))
    for one in found:
        state = Text("broken", "bold red") if one.error else Text("works", "green")
        made.add_row(one.name, one.distribution, state, *(["\n".join(one.hooks)] if has_hooks else []))
    console.print(made)
