"""Finding plugins by name, checking them, and registering them in the order in which they are asked."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from gepa_core import hookspecs
from gepa_core.errors import PluginError
from gepa_core.markers import PROJECT

PLUGIN_GROUP = "gepa_core.plugins"


def installed_plugins() -> dict[str, EntryPoint]:
    """Installed plugins by name. Imports none of them."""
    return {point.name: point for point in entry_points(group=PLUGIN_GROUP)}


def load_plugin(name: str, options: Mapping[str, Any] | None = None) -> Any:
    """The installed plugin ``name``: its class called with ``options``, or the object as it is.

    Raises:
        PluginError: there is none of that name, it cannot be imported, or it refuses the options.
    """
    installed = installed_plugins()
    if name not in installed:
        raise PluginError(
            f"no plugin is called {name!r}; maybe you need to install it? Installed: "
            f"{', '.join(map(repr, sorted(installed))) or 'none'}",
            plugin=name,
        )
    point = installed[name]
    origin = describe_distribution(point)
    try:
        loaded = point.load()
        return loaded(**(options or {})) if inspect.isclass(loaded) else loaded
    except Exception as error:
        raise PluginError(
            f"plugin {name!r} of {origin} cannot be loaded: {type(error).__name__}: {error}",
            plugin=name,
            distribution=origin,
        ) from error


def describe_distribution(point: EntryPoint) -> str:
    """Name and version of the distribution that an entry point belongs to."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"


class PluginManager:
    """The plugins of one run.

    Attributes:
        pluggy: the underlying manager; only `gepa_core.stages` calls hooks through it.
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
        self.pluggy = pluggy.PluginManager(PROJECT)
        self.pluggy.add_hookspecs(hookspecs)
        names = _left_out(plugins, defaults)
        chosen = [(name, plugin) for name, plugin in _named(plugins) if not name.startswith("no:")]
        kept = [(name, plugin) for name, plugin in defaults.items() if name not in names]
        # pluggy asks the last registered first, so registration goes from last to first.
        for name, plugin in reversed([*chosen, *kept]):
            self._register(name, plugin)
        self.plugins: tuple[tuple[str, Any], ...] = (*chosen, *kept)

    def _register(self, name: str, plugin: Any) -> None:
        if inspect.isclass(plugin):
            raise PluginError(
                f"plugin {plugin.__name__!r} is a class: have you forgotten the '()' after it?", plugin=name
            )
        try:
            self.pluggy.register(plugin, name=name)
            self.pluggy.check_pending()
        except (ValueError, TypeError, pluggy.PluginValidationError) as error:
            raise PluginError(f"plugin {name!r} cannot be registered: {error}", plugin=name) from error
        callers = self.pluggy.get_hookcallers(plugin) or []
        if not callers:
            raise PluginError(
                f"plugin {name!r} implements no hook: mark its methods with @hookimpl, and see the docs for"
                " the names of the hooks",
                plugin=name,
            )
        for caller in callers:
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin:
                    _check_signature(name, implementation)


def _check_signature(name: str, implementation: pluggy.HookImpl) -> None:
    """pluggy never fills arguments that have defaults or are keyword-only: refuse them."""
    for parameter in inspect.signature(implementation.function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY or parameter.default is not parameter.empty:
            raise PluginError(
                f"plugin {name!r}: argument {parameter.name!r} of {implementation.function.__name__!r} would"
                " never be filled, because it is keyword-only or has a default; make it a plain argument",
                plugin=name,
            )


def _left_out(plugins: Iterable[Any], defaults: Mapping[str, Any]) -> set[str]:
    names = {plugin[3:] for plugin in plugins if isinstance(plugin, str) and plugin.startswith("no:")}
    for name in sorted(names - set(defaults)):
        raise PluginError(
            f"no built-in plugin is called {name!r}, so it cannot be left out; there are"
            f" {', '.join(map(repr, defaults))}",
            plugin=name,
        )
    return names


def _named(plugins: Iterable[Any]) -> list[tuple[str, Any]]:
    """Each plugin with a name that is unique and the same in every process."""
    named: list[tuple[str, Any]] = []
    for plugin in plugins:
        if isinstance(plugin, str):
            name, value = plugin, plugin if plugin.startswith("no:") else load_plugin(plugin)
        else:
            name, value = getattr(plugin, "__name__", type(plugin).__name__), plugin
        count = sum(taken == name or taken.startswith(f"{name}#") for taken, _ in named)
        named.append((f"{name}#{count + 1}" if count else name, value))
    return named
