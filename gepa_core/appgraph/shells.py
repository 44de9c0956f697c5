"""Shells: shallow copies of single objects, made without running any of the app's code."""

from __future__ import annotations

import sys
import types
from collections import OrderedDict, deque
from collections.abc import Collection
from typing import Any

from gepa_core.appgraph.children import UNSET, instance_dict, is_empty_cell, read_slot, slots
from gepa_core.appgraph.classes import class_shell
from gepa_core.appgraph.errors import CannotCopy

_OWNED_BY_INSTANCE = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


def shell_of(value: Any, dropped: Collection[str] = ()) -> Any:
    """A new object of ``value``'s type that holds what ``value`` holds.

    Works for mutable containers, closures' cells and objects with attributes, slots included; pydantic
    models are copied without validation and frozen classes as they are; of a class it is a derived one.
    Callables, tuples and sets cannot be changed afterwards, so `gepa_core.appgraph.copying` builds those
    when their parts are ready.

    Args:
        dropped: attributes that the copy must compute anew.

    Raises:
        CannotCopy: the type does not allow it.
    """
    if isinstance(value, types.CellType):
        return types.CellType() if is_empty_cell(value) else types.CellType(value.cell_contents)
    if isinstance(value, type):
        return class_shell(value)
    shell = _new(type(value), value)
    own = instance_dict(value)
    if own is not None:
        instance_dict_of(shell).update((name, held) for name, held in own.items() if name not in dropped)
    copy_slots(value, shell)
    return shell


def _new(kind: Any, value: Any) -> Any:
    try:
        if isinstance(value, dict):
            return _new_dict(kind, value)
        if isinstance(value, list):
            shell = list.__new__(kind)
            list.extend(shell, value)
            return shell
        if isinstance(value, deque):
            return deque(value, value.maxlen) if kind is deque else kind(value, value.maxlen)
        if isinstance(value, types.SimpleNamespace):
            return types.SimpleNamespace.__new__(kind)
        return object.__new__(kind)
    except TypeError as error:
        raise CannotCopy(
            f"an object of type {kind.__module__}.{kind.__qualname__} cannot be copied"
        ) from error


def _new_dict(kind: Any, value: dict[Any, Any]) -> Any:
    shell = kind.__new__(kind)
    store = OrderedDict.__setitem__ if isinstance(value, OrderedDict) else dict.__setitem__
    for key, held in value.items():
        store(shell, key, held)
    if hasattr(value, "default_factory"):
        shell.default_factory = value.default_factory
    return shell


def copy_slots(value: object, shell: object) -> None:
    """Give ``shell`` what the slots of ``value`` hold."""
    for name, slot in slots(type(value)).items():
        held: Any = read_slot(slot, value)
        if held is not UNSET:
            owned = name in _OWNED_BY_INSTANCE and isinstance(held, dict | set)
            slot.__set__(shell, held.copy() if owned else held)


def instance_dict_of(value: object) -> dict[str, object]:
    """The ``__dict__`` of an object that has one."""
    own = instance_dict(value)
    if own is None:
        raise CannotCopy(f"an object of type {type(value).__qualname__} has no attributes of its own")
    return own


def rebuilt_function(
    function: types.FunctionType, closure: tuple[types.CellType, ...], variables: dict[str, Any]
) -> types.FunctionType:
    """``function`` with other variables around it; code, name, defaults and attributes stay."""
    made = types.FunctionType(
        function.__code__,
        variables,
        function.__name__,
        function.__defaults__,
        closure or None,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__, made.__module__ = function.__qualname__, function.__module__
    made.__doc__ = function.__doc__
    if sys.version_info >= (3, 12):
        made.__type_params__ = function.__type_params__
    if sys.version_info >= (3, 14):
        made.__annotate__ = function.__annotate__
    else:
        made.__annotations__ = function.__annotations__
    made.__dict__.update(function.__dict__)
    return made
