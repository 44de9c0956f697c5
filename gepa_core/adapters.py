"""Finding the adapter for an app or a model, by the packages that its class comes from."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from gepa_core.blame import adapter_error
from gepa_core.data import shown
from gepa_core.errors import ConfigurationError, PluginError
from gepa_core.manager import describe_distribution
from gepa_core.protocols import Adapter, System
from gepa_core.types import Component

ADAPTER_GROUP = "gepa_core.adapters"

_ANY_CALLABLE = "builtins"
"""The entry point that takes functions, whose type is a built-in one, and objects of the user's classes."""

_EXTRAS = {
    "langchain_core": "langchain",
    "langgraph": "langchain",
    "llama_index": "llamaindex",
    "workflows": "llamaindex",
}
_DESCRIPTIONS = frozenset(("tool_description", "argument_description", "schema_description"))


def installed_adapters() -> dict[str, EntryPoint]:
    """Installed adapters by the root package that they take. Imports none of them."""
    return {point.name: point for point in entry_points(group=ADAPTER_GROUP)}


def root_packages(value: Any) -> list[str]:
    """Root packages of the classes that ``value`` is an instance of, nearest first."""
    classes = [cls for cls in type(value).__mro__ if cls is not object]
    return list(dict.fromkeys(cls.__module__.partition(".")[0] for cls in classes))


def adapter_for(value: Any) -> Adapter | None:
    """The installed adapter that takes apps like ``value``; None when there is none.

    An object of a class that no adapter knows is taken as an agent when it can be called or has a method
    ``run`` or ``invoke``, unless it belongs to a framework whose adapter is missing.

    Raises:
        PluginError: there is one, and it cannot be loaded.
    """
    found = framework_adapter_for(value)
    installed = installed_adapters()
    if found is None and _ANY_CALLABLE in installed and _is_agent(value):
        return load_adapter(installed[_ANY_CALLABLE])
    return found


def framework_adapter_for(value: Any) -> Adapter | None:
    """The installed adapter of the framework that ``value``, an app or a model, comes from, if any.

    Raises:
        PluginError: there is one, and it cannot be loaded.
    """
    installed = installed_adapters()
    known = [package for package in root_packages(value) if package in installed and package != _ANY_CALLABLE]
    return load_adapter(installed[known[0]]) if known else None


def _is_agent(value: Any) -> bool:
    """Whether ``value`` may be an agent without a framework."""
    methods = (value, *(getattr(type(value), name, None) for name in ("run", "invoke")))
    return any(map(callable, methods)) and not _extra_for(value)


def _extra_for(value: Any) -> str:
    """The extra that installs the adapter of the framework that ``value`` comes from; empty for none."""
    return next((_EXTRAS[package] for package in root_packages(value) if package in _EXTRAS), "")


def load_adapter(point: EntryPoint) -> Adapter:
    """The adapter of an entry point, made with its default options."""
    try:
        adapter: Adapter = point.load()()
    except Exception as error:
        origin = describe_distribution(point)
        raise PluginError(
            f"adapter {point.name!r} of {origin} cannot be loaded: {type(error).__name__}: {error}",
            plugin=point.name,
            distribution=origin,
        ) from error
    return adapter


def wrap(target: Any, adapter: Adapter | None = None) -> System:
    """``target`` as a `System`, by ``adapter`` or by the installed one that takes it.

    Raises:
        ConfigurationError: nothing takes it; the message says what to install.
        PluginError: the adapter found components that cannot be told apart.
    """
    if adapter is not None:
        return _checked(adapter.wrap(target))
    if isinstance(target, System):
        return _checked(target)
    found = adapter_for(target)
    if found is not None:
        return _checked(found.wrap(target))
    extra = _extra_for(target) or ("agents" if _is_agent(target) else "")
    remedy = (
        f'run: pip install "gepa-core[{extra}]"'
        if extra
        else "pass adapter=…, or an object with the System protocol"
    )
    raise ConfigurationError(
        f"no adapter takes a {type(target).__module__}.{type(target).__qualname__}; installed adapters take"
        f" {', '.join(map(repr, sorted(installed_adapters()))) or 'nothing'}. To optimise it, {remedy}"
    )


def _checked(system: System) -> System:
    """``system``, whose components can be told apart.

    Raises:
        PluginError: they cannot; names the adapter.
    """
    seen: set[str] = set()
    for component in system.components:
        if not isinstance(component.name, str) or not component.name:
            raise adapter_error(system, f"found a component with the name {component.name!r}")
        if component.name in seen:
            raise adapter_error(
                system, f"found two components with the name {component.name!r}: names have to be unique"
            )
        if not isinstance(component.text, str):
            raise adapter_error(system, f"found {component.name!r}, whose text is {shown(component.text)}")
        seen.add(component.name)
    return system


def choose_components(found: Sequence[Component], wanted: str | Sequence[str]) -> tuple[Component, ...]:
    """The components to optimise.

    Args:
        found: what the adapter found.
        wanted: ``"prompts"`` for all but descriptions of tools, arguments and schemas; ``"all"``; or
            names or globs of names.

    Raises:
        ConfigurationError: nothing is left, or a name matches nothing.
    """
    if wanted == "all":
        chosen = tuple(found)
    elif wanted == "prompts":
        chosen = tuple(component for component in found if component.kind not in _DESCRIPTIONS)
    else:
        patterns = [wanted] if isinstance(wanted, str) else list(wanted)
        for pattern in patterns:
            if not any(fnmatchcase(component.name, pattern) for component in found):
                raise ConfigurationError(f"components: {pattern!r} matches none of {_names(found)}")
        chosen = tuple(one for one in found if any(fnmatchcase(one.name, pattern) for pattern in patterns))
    if not chosen:
        raise ConfigurationError(
            f"there is no text to optimise: the app has components {_names(found)}, and components={wanted!r}"
        )
    return chosen


def _names(components: Sequence[Component]) -> str:
    return ", ".join(repr(component.name) for component in components) or "none"
