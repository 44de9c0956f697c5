"""Modules and classes as one copy sees them: some names lead elsewhere, and nobody else notices."""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from gepa_core.appgraph.edges import Edge
from gepa_core.appgraph.errors import CannotCopy

_COPY = "__copy_with_own_class__"


class GlobalsOverlay(dict[str, Any]):
    """A module's variables as a rebuilt function sees them: some replaced, all others live.

    So is what the function imports when it runs, because an import statement calls the ``__import__`` among
    the built-in names of the function that it stands in.
    """

    def __init__(self, base: dict[str, Any]) -> None:
        super().__init__()
        named = base.get("__builtins__", builtins)
        names = vars(named) if isinstance(named, types.ModuleType) else named
        self["__builtins__"] = {**names, "__import__": self._import}
        self._base = base
        self._imports: Callable[..., Any] = names["__import__"]
        self._views: dict[str, ModuleView] = {}

    def _import(self, name: str, variables: Any = None, *args: Any, **options: Any) -> Any:
        # a relative import looks its package up in the dict itself, past __missing__
        module = self._imports(name, self._base if variables is self else variables, *args, **options)
        return self._views.get(getattr(module, "__name__", ""), module)

    def imported(self, name: str) -> ModuleView:
        """The view of a module that import statements find."""
        return self._views.setdefault(name, ModuleView(self.view(name) or sys.modules[name]))

    def view(self, name: str) -> ModuleView | None:
        """The view of a module that import statements find; None where they find the module itself."""
        outer = self._base.view(name) if isinstance(self._base, GlobalsOverlay) else None
        return self._views.get(name, outer)

    def __missing__(self, name: str) -> Any:
        return self._base[name]

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, self._base.get(name, default))

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._base


class ModuleView(types.ModuleType):
    """A module as rebuilt functions see it: some variables replaced, all others live."""

    def __init__(self, base: types.ModuleType) -> None:
        super().__init__(base.__name__)
        vars(self).update(__base__=base, __file__=getattr(base, "__file__", None))

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["__base__"], name)


def variables_of(module: types.ModuleType, name: str) -> dict[str, Any]:
    """The variables among which ``name`` is to be looked for: those of a view's module if it has none."""
    while isinstance(module, ModuleView) and name not in vars(module):
        module = vars(module)["__base__"]
    return vars(module)


def put_variable(variables: GlobalsOverlay, edge: Edge, held: Any) -> None:
    """Let a function with these variables find ``held`` on an edge to a variable of a module."""
    if edge.kind == "import":
        name, _, dotted = str(edge.key).partition(":")
        _put_in_module(vars(variables.imported(name)), dotted, held)
    elif edge.kind == "module_attr":
        _put_in_module(variables, str(edge.key), held)
    else:
        variables[str(edge.key)] = held


def _put_in_module(variables: dict[str, Any], dotted: str, held: Any) -> None:
    """Let ``variables`` read ``held`` at ``dotted``, such as ``"prompts.SYSTEM"``, by views of modules."""
    *modules, last = dotted.split(".")
    for name in modules:
        if not isinstance(dict.get(variables, name), ModuleView):  # one that is inherited is another copy's
            base = variables[name] if name in variables else getattr(variables["__base__"], name)
            variables[name] = ModuleView(base)
        variables = vars(variables[name])
    variables[last] = held


def put_on_class(shell: Any, name: str, function: types.FunctionType) -> None:
    """Give ``shell`` a class of its own, in which ``function`` stands behind the special name ``name``.

    Raises:
        CannotCopy: the class does not allow it.
    """
    kind: Any = type(shell)
    if vars(kind).get(_COPY) != id(shell):  # the class of an app that is a copy itself has another one's
        body = {"__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
        body.update({"__doc__": kind.__doc__, _COPY: id(shell)})
        try:
            kind = type(kind)(kind.__name__, (kind,), body)
            object.__setattr__(shell, "__class__", kind)
        except TypeError as error:
            raise CannotCopy(f"an object of type {kind.__qualname__} cannot get another {name}") from error
    type.__setattr__(kind, name, described_like(inspect.getattr_static(kind, name), name, function))


def described_like(descriptor: Any, name: str, function: types.FunctionType) -> Any:
    """``function`` as a property, static or class method, or cached property, as ``descriptor`` is one."""
    if isinstance(descriptor, property):
        return type(descriptor)(function, descriptor.fset, descriptor.fdel, descriptor.__doc__)
    if isinstance(descriptor, functools.cached_property):
        made: Any = type(descriptor)(function)
        made.__set_name__(None, name)
        return made
    return type(descriptor)(function) if isinstance(descriptor, staticmethod | classmethod) else function
