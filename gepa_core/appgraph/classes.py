"""Classes whose objects an app makes while it runs: what they hold, and copies that differ in it."""

from __future__ import annotations

import abc
import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from gepa_core.appgraph.edges import Edge
from gepa_core.appgraph.overlays import described_like

_META: tuple[type, ...] = (type, abc.ABCMeta)
_VIEWS = "__views_of_classes__"


def can_differ(kind: type) -> bool:
    """Whether a copy of the class can stand in its place.

    Not so for exceptions, which ``except`` tells apart by their bases alone; for classes with a metaclass,
    such as pydantic's and enums; and for those that do something when a class is derived from them.
    """
    if issubclass(kind, BaseException) or (type(kind) not in _META and _VIEWS not in vars(type(kind))):
        return False
    return not any("__init_subclass__" in vars(base) for base in kind.__mro__ if base is not object)


def class_children(
    kind: type, function_of: Callable[[object], object], is_followed: Callable[[type], bool]
) -> Iterator[tuple[Edge, object]]:
    """Functions and data that objects of the class find in it, or in those of its bases that are followed.

    Args:
        function_of: the function that a property, static or class method is made of, or None.
    """
    hidden: set[str] = set()
    for base in kind.__mro__:
        for name, held in list(vars(base).items()) if is_followed(base) else ():
            if name not in hidden:
                yield from _child(name, held, function_of)
            hidden.add(name)


def _child(name: str, held: object, function_of: Callable[[object], object]) -> Iterator[tuple[Edge, object]]:
    if isinstance(held, types.FunctionType):
        yield Edge("method", name), held
    elif isinstance(function_of(held), types.FunctionType):
        yield Edge("special", name), function_of(held)
    elif not (name.startswith("__") or isinstance(held, type) or hasattr(type(held), "__get__")):
        yield Edge("class_attr", name), held


def class_shell(kind: type) -> type:
    """A class with the same name that is derived from ``kind``. Objects of ``kind`` count as its objects."""
    body = {"__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    made: type = _viewing(type(kind))(kind.__name__, (kind,), {**body, "__doc__": kind.__doc__})
    return made


@functools.cache
def _viewing(meta: Any) -> Any:
    """A metaclass like ``meta`` for classes that take what is of their base for their own."""
    if _VIEWS in vars(meta):
        return meta

    def is_instance(kind: type, value: object) -> bool:
        return isinstance(value, _original(kind))

    def is_subclass(kind: type, other: type) -> bool:
        return issubclass(other, _original(kind))

    body = {"__instancecheck__": is_instance, "__subclasscheck__": is_subclass, _VIEWS: True}
    return type(meta)(meta.__name__, (meta,), body)


def _original(kind: type) -> type:
    while "__slots__" in vars(kind) and _VIEWS in vars(type(kind)):
        kind = kind.__mro__[1]
    return kind


def put_in_class(kind: type, edge: Edge, held: Any) -> None:
    """Let objects of ``kind`` find something else on an edge of `class_children`."""
    name = str(edge.key)
    if edge.kind == "special":
        held = described_like(inspect.getattr_static(kind, name), name, held)
    type.__setattr__(kind, name, held)
