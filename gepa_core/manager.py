"""Finding plugins by name, and registering them in the order in which they are asked."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from gepa_core import hookspecs
from gepa_core.errors import ConfigurationError, PluginError
from gepa_core.implementation import Implementation
from gepa_core.markers import PROJECT
from gepa_core.registration import HOOKS, OBSERVING, register

PLUGIN_GROUP = "gepa_core.plugins"


def installed_plugins() -> dict[str, EntryPoint]:
    """Installed plugins by name. Imports none of them."""
    return {point.name: point for point in entry_points(group=PLUGIN_GROUP)}


def load_plugin(name: str, options: Mapping[str, Any] | None = None) -> Any:
    """The installed plugin ``name``: its class called with ``options``, or the object as it is.

    Raises:
        PluginError: there is none of that name, it cannot be imported, or it refuses the options.
    """
    return load_named("plugin", name, installed_plugins(), options)


def load_named(
    what: str,
    name: str,
    installed: Mapping[str, EntryPoint],
    options: Mapping[str, Any] | None = None,
    *,
    built_in: Sequence[str] = (),
) -> Any:
    """What the entry point ``name`` names: a class called with ``options``, or the object as it is.

    Args:
        what: what it is loaded as, for messages: ``"plugin"``, ``"executor"``.
        built_in: names that can be had without being installed, for messages.

    Raises:
        PluginError: there is none of that name, it cannot be imported, or it refuses the options.
    """
    if name not in installed:
        known = sorted({*installed, *built_in})
        nearest = _nearest(name, known)
        hint = f"did you mean {nearest!r}" if nearest else "maybe you need to install it"
        raise PluginError(
            f"no {what} is called {name!r}; {hint}? Installed: {', '.join(map(repr, known)) or 'none'}",
            plugin=name,
        )
    point = installed[name]
    origin = describe_distribution(point)
    try:
        loaded = point.load()
        unknown = _unknown_option(loaded, options or {})
        if not unknown:
            return loaded(**(options or {})) if inspect.isclass(loaded) else loaded
    except ConfigurationError as error:
        raise PluginError(
            f"{what} {name!r} of {origin}: {error}", plugin=name, distribution=origin
        ) from error
    except Exception as error:
        raise PluginError(
            f"{what} {name!r} of {origin} cannot be loaded: {type(error).__name__}: {error}",
            plugin=name,
            distribution=origin,
        ) from error
    raise PluginError(f"{what} {name!r} of {origin} {unknown}", plugin=name, distribution=origin)


def _unknown_option(loaded: Any, options: Mapping[str, Any]) -> str | None:
    """What is wrong with the names of ``options``, as the end of a sentence; None if nothing is."""
    if not inspect.isclass(loaded):
        return f"is no class and has no options, not {', '.join(map(repr, options))}" if options else None
    parameters = inspect.signature(loaded).parameters.values() if options else ()
    known = [one.name for one in parameters]
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return None
    wrong = next((option for option in options if option not in known), None)
    if wrong is None:
        return None
    hint = f"did you mean {nearest!r}? It" if (nearest := _nearest(wrong, known)) else "it"
    return f"has no option {wrong!r}; {hint} has {', '.join(map(repr, known)) or 'none'}"


def _nearest(name: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1)), None)


def describe_distribution(point: EntryPoint) -> str:
    """Name and version of the distribution that an entry point belongs to."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"


class PluginManager:
    """The plugins of one run.

    Attributes:
        pluggy: the underlying manager, which finds the hooks in a plugin and checks their arguments.
        plugins: the plugins by name, in the order in which they are asked.
    """

    def __init__(self, plugins: Sequence[Any], defaults: Mapping[str, Any]) -> None:
        """Register ``plugins``, first asked first, before the ``defaults``, asked last.

        Args:
            plugins: objects, names of installed plugins, or ``"no:name"`` to leave a default out.
            defaults: built-in plugins by name, in the order in which they are asked.

        Raises:
            PluginError: one of them cannot be used; says which and what to do.
        """
        if isinstance(plugins, str):
            raise PluginError(f"plugins={plugins!r} is a str: write plugins=[{plugins!r}]", plugin=plugins)
        self.pluggy = pluggy.PluginManager(PROJECT)
        self.pluggy.add_hookspecs(hookspecs)
        left_out = _left_out(plugins, defaults)
        chosen = [plugin for plugin in plugins if not _leaves_out(plugin)]
        kept = [(name, plugin) for name, plugin in defaults.items() if name not in left_out]
        self._distributions: dict[str, str] = {}
        self.plugins: tuple[tuple[str, Any], ...] = (*self._named(chosen, defaults), *kept)
        # pluggy asks the last registered first, so registration goes from last to first.
        for name, plugin in reversed(self.plugins):
            register(self.pluggy, name, plugin)

    def implementations(self, hook: str) -> Sequence[Implementation]:
        """The plugins' implementations of ``hook``, first asked first, without the wrappers."""
        return self._found[hook][0]

    def wrappers(self, hook: str) -> Sequence[Implementation]:
        """The wrappers around ``hook``, outermost first."""
        return self._found[hook][1]

    @property
    def deciding(self) -> list[tuple[str, Any]]:
        """The plugins that can change what a run finds: those that do more than observe."""
        callers = ((name, plugin, self.pluggy.get_hookcallers(plugin) or ()) for name, plugin in self.plugins)
        return [
            (name, plugin)
            for name, plugin, hooks in callers
            if not OBSERVING.issuperset(hook.name for hook in hooks)
        ]

    @cached_property
    def _found(self) -> dict[str, tuple[list[Implementation], list[Implementation]]]:
        return {hook: (self._find(hook, wrapper=False), self._find(hook, wrapper=True)) for hook in HOOKS}

    def _find(self, hook: str, *, wrapper: bool) -> list[Implementation]:
        caller: pluggy.HookCaller = getattr(self.pluggy.hook, hook)
        return [
            Implementation.of(one, hook, self._distributions.get(one.plugin_name, ""))
            for one in reversed(caller.get_hookimpls())  # pluggy lists the last to be called first
            if one.wrapper == wrapper
        ]

    def _named(self, plugins: Iterable[Any], taken: Iterable[str]) -> list[tuple[str, Any]]:
        """Each plugin with a name that is unique and the same in every process."""
        count = Counter(list(taken))
        named: list[tuple[str, Any]] = []
        for plugin in plugins:
            if isinstance(plugin, str):
                base, value = plugin, load_plugin(plugin)
            else:
                base, value = getattr(plugin, "__name__", type(plugin).__name__), plugin
            count[base] += 1
            name = base if count[base] == 1 else f"{base}#{count[base]}"
            if isinstance(plugin, str):
                self._distributions[name] = describe_distribution(installed_plugins()[plugin])
            named.append((name, value))
        return named


def _leaves_out(plugin: Any) -> bool:
    return isinstance(plugin, str) and plugin.startswith("no:")


def _left_out(plugins: Iterable[Any], defaults: Mapping[str, Any]) -> set[str]:
    names = {plugin.removeprefix("no:") for plugin in plugins if _leaves_out(plugin)}
    for name in sorted(names - set(defaults)):
        raise PluginError(
            f"no built-in plugin is called {name!r}, so it cannot be left out; there are"
            f" {', '.join(map(repr, defaults))}",
            plugin=name,
        )
    return names
