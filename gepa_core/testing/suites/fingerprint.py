"""Everything that can be seen of an app or of loaded modules, to tell whether it has changed."""

from __future__ import annotations

import sys
import types
from collections.abc import Collection, Iterator
from typing import Any

import attrs

from gepa_core.appgraph import Graph, Hop, Policy, path_text, walk
from gepa_core.testing.models import ScriptedModel


@attrs.define(eq=False, kw_only=True)
class EverythingPolicy(Policy):
    """Looks at every text and object of an app.

    Attributes:
        ignored: names of attributes that are not looked at.
    """

    ignored: Collection[str] = ()

    def is_site(self, hop: Hop, text: str) -> bool:
        """Every text counts."""
        del text
        return str(hop.edge.key) not in self.ignored

    def follows(self, hop: Hop, held: object) -> bool:
        """Every object but those at ignored names."""
        del held
        return str(hop.edge.key) not in self.ignored

    def cached(self, owner: object) -> Collection[str]:
        """The model's own log is no part of the app."""
        return (
            [field.name for field in attrs.fields(ScriptedModel)] if isinstance(owner, ScriptedModel) else ()
        )


def graph_of(app: Any, ignored: Collection[str] = ()) -> Graph:
    """The app's objects and texts."""
    return walk(app, EverythingPolicy(ignored=ignored))


def fingerprint(app: Any, ignored: Collection[str] = ()) -> dict[str, str]:
    """The type of each object and the content of each text, by where it is found."""
    graph = graph_of(app, ignored)
    found = {
        path_text(node.hop.path) if node.hop else "": kind_of(node.value) for node in graph.nodes.values()
    }
    return found | {site.source: repr(site.text) for site in graph.sites}


def kind_of(value: object) -> str:
    """The full name of the class of ``value``."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def changes(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, str]]:
    """What differs: where, and what was and is there."""
    return {
        where: (before.get(where, "nothing"), after.get(where, "nothing"))
        for where in [*before, *(where for where in after if where not in before)]
        if before.get(where) != after.get(where)
    }


def globals_of(app: Any, *more: str) -> dict[str, object]:
    """What the modules of the packages that the app's classes come from hold, by dotted name.

    Classes are looked into; names with two underscores are the interpreter's business.
    """
    own = {cls.__module__ for cls in type(app).__mro__ if cls is not object} | {
        str(getattr(app, "__module__", "")),
        *more,
    }
    roots = {name.partition(".")[0] for name in own if name} - set(sys.stdlib_module_names)
    found: dict[str, object] = {}
    for name, module in sorted(sys.modules.items()):
        if isinstance(module, types.ModuleType) and name.partition(".")[0] in roots:
            found.update(_held(name, module))
    return found


def _held(name: str, module: types.ModuleType) -> Iterator[tuple[str, object]]:
    for key, held in list(vars(module).items()):
        if key.startswith("__"):
            continue
        yield f"{name}.{key}", held
        if isinstance(held, type) and held.__module__ == name:
            own = [(at, it) for at, it in list(vars(held).items()) if not at.startswith(("__", "_abc"))]
            yield from ((f"{name}.{key}.{at}", it) for at, it in own)


def rebound(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """Names that stand for another object than before, or for none."""
    gone = object()
    return [name for name, held in before.items() if after.get(name, gone) is not held]
