"""Refusing plugins that pluggy would take and that would then do nothing, or something else."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from typing import Any

import pluggy

from gepa_core import hookspecs
from gepa_core.errors import PluginError

HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("gepa_"))
"""Every hook, in the order of `gepa_core.hookspecs`."""

MAY_BE_ASYNC = frozenset(
    ("gepa_merge_candidates", "gepa_capture_trajectory", "gepa_give_feedback", "gepa_propose_texts")
)
"""Hooks that may take their time; the others answer at once."""

OBSERVING = frozenset(("gepa_configure", "gepa_notify", "gepa_unconfigure"))
"""Hooks that decide nothing."""

MAY_BE_WRAPPED = frozenset(HOOKS) - {
    "gepa_configure",
    "gepa_unconfigure",
    "gepa_redact_outcome",
    "gepa_stop_reason",
    "gepa_notify",
}
"""Hooks that stop at the first answer, so that there is an answer to wrap."""


def register(manager: pluggy.PluginManager, name: str, plugin: Any) -> None:
    """Register ``plugin`` as ``name``, to be asked before those that are there.

    Raises:
        PluginError: it cannot be used; says what to do.
    """
    if inspect.isclass(plugin):
        raise PluginError(
            f"plugin {plugin.__name__!r} is a class: have you forgotten the '()' after it?", plugin=name
        )
    _check_not_there(manager, name, plugin)
    try:
        manager.register(plugin, name=name)
    except (ValueError, TypeError, pluggy.PluginValidationError) as error:
        raise PluginError(f"plugin {name!r} cannot be registered: {error}", plugin=name) from error
    _check_names(manager, name)
    implementations = list(_implementations(manager, plugin))
    _check_marked(name, plugin, {hook for hook, _ in implementations})
    if not implementations:
        raise PluginError(
            f"plugin {name!r} implements no hook: mark its methods with @hookimpl. The hooks are"
            f" {', '.join(HOOKS)}",
            plugin=name,
        )
    for hook, implementation in implementations:
        _check_kind(name, hook, implementation)
        _check_arguments(name, hook, implementation)


def _check_not_there(manager: pluggy.PluginManager, name: str, plugin: Any) -> None:
    for other_name, other in manager.list_name_plugin():
        if other is plugin:
            raise PluginError(f"plugin {name!r} was given twice, the same object", plugin=name)
        if other == plugin:
            raise PluginError(
                f"plugins {name!r} and {other_name!r} are equal, so they cannot be told apart: write"
                " @attrs.define(eq=False) over their class, or leave one out",
                plugin=name,
            )


def _check_names(manager: pluggy.PluginManager, name: str) -> None:
    """pluggy takes a misspelt hook in silence."""
    unknown = [hook for hook in vars(manager.hook) if not hook.startswith("_") and hook not in HOOKS]
    if unknown:
        close = difflib.get_close_matches(unknown[0], HOOKS, n=1)
        meant = f"did you mean {close[0]!r}?" if close else f"The hooks are {', '.join(HOOKS)}"
        raise PluginError(f"plugin {name!r}: there is no hook {unknown[0]!r}; {meant}", plugin=name)


def _implementations(manager: pluggy.PluginManager, plugin: Any) -> Iterable[tuple[str, pluggy.HookImpl]]:
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin:
                yield caller.name, implementation


def _check_marked(name: str, plugin: Any, marked: Iterable[str]) -> None:
    """pluggy passes over what is not marked."""
    for hook in HOOKS:
        if callable(getattr(plugin, hook, None)) and hook not in marked:
            raise PluginError(
                f"plugin {name!r}: {hook!r} is not marked; write @hookimpl over it", plugin=name
            )


def _check_kind(name: str, hook: str, implementation: pluggy.HookImpl) -> None:
    problem = ""
    if implementation.hookwrapper:
        problem = "is an old-style wrapper; write @hookimpl(wrapper=True)"
    elif implementation.tryfirst or implementation.trylast:
        problem = "has tryfirst or trylast; the order in plugins=[…] decides who is asked first"
    elif implementation.wrapper and hook not in MAY_BE_WRAPPED:
        problem = "is a wrapper, but this hook asks every plugin, so there is nothing to wrap"
    elif hook not in MAY_BE_ASYNC and _is_async(implementation.function):
        problem = "is async, but this hook has to answer at once; write it with 'def'"
    if problem:
        raise PluginError(f"plugin {name!r}: {hook} {problem}", plugin=name)


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _check_arguments(name: str, hook: str, implementation: pluggy.HookImpl) -> None:
    """pluggy fills plain arguments only."""
    for parameter in inspect.signature(implementation.function).parameters.values():
        plain = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if not plain or parameter.default is not parameter.empty:
            raise PluginError(
                f"plugin {name!r}: argument {parameter.name!r} of {hook!r} would"
                " never be filled, because it is keyword-only, has a default or takes any number; make it a"
                " plain argument",
                plugin=name,
            )
