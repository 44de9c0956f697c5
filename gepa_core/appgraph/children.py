"""What an object holds: its edges, read without running any of its code."""

from __future__ import annotations

import dis
import functools
import types
from collections import deque
from collections.abc import Collection, Hashable, Iterator
from typing import Any

from gepa_core.appgraph.classes import class_children
from gepa_core.appgraph.edges import Edge
from gepa_core.appgraph.imports import read_imports
from gepa_core.appgraph.overlays import GlobalsOverlay, variables_of
from gepa_core.appgraph.policy import Policy

Child = tuple[Edge, object]
SCALARS = (bool, int, float, complex, bytes, bytearray, memoryview, range, type(None), type(...))


def children(value: object, policy: Policy) -> list[Child]:
    """The edges of ``value`` and what is at their ends, in the order in which they are declared.

    No property, descriptor or ``__getattr__`` of the app is called. Subclasses of containers have both
    entries and attributes. An object that only pretends to be of its type (a proxy) has none.
    """
    if isinstance(value, SCALARS):
        return []
    if isinstance(value, type):
        return list(class_children(value, function_of, policy.follows_type))
    try:
        return [*_pieces(value, policy), *_attributes(value, policy)]
    except (TypeError, AttributeError, RuntimeError, ReferenceError):
        return []


def _pieces(value: object, policy: Policy) -> Iterator[Child]:
    if isinstance(value, dict | types.MappingProxyType | list | tuple | deque | set | frozenset):
        if len(value) <= policy.max_items:
            yield from _entries(value)
    elif isinstance(value, types.FunctionType):
        yield from _function(value, policy)
    elif isinstance(value, functools.partial):
        yield from ((Edge("part", name), getattr(value, name)) for name in ("func", "args", "keywords"))
    elif isinstance(value, types.MethodType):
        yield from ((Edge("part", name), getattr(value, name)) for name in ("__self__", "__func__"))
    elif isinstance(value, types.BuiltinMethodType):
        yield Edge("part", "__self__"), value.__self__
    elif isinstance(value, types.CellType) and not is_empty_cell(value):
        yield Edge("contents", ""), value.cell_contents


def _entries(value: Collection[Any]) -> Iterator[Child]:
    if isinstance(value, dict):
        yield from ((Edge("item", key), item) for key, item in list(dict.items(value)))
    elif isinstance(value, types.MappingProxyType):
        yield from ((Edge("item", key), item) for key, item in list(value.items()))
    elif isinstance(value, set | frozenset):
        yield from ((Edge("member", number), item) for number, item in enumerate(members(value)))
    else:
        yield from ((Edge("index", number), item) for number, item in enumerate(list(value)))


def members(value: Collection[Any]) -> list[Any]:
    """What a set holds: texts first and sorted, as their order differs from one process to the next."""
    return sorted(value, key=lambda item: (0, item) if isinstance(item, str) else (1, ""))


def is_empty_cell(cell: types.CellType) -> bool:
    """Whether the variable of the closure is not bound (yet)."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


def _function(function: types.FunctionType, policy: Policy) -> Iterator[Child]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield Edge("cell", name), cell
    if function.__defaults__:
        yield Edge("part", "__defaults__"), function.__defaults__
    if function.__kwdefaults__:
        yield Edge("part", "__kwdefaults__"), function.__kwdefaults__
    if policy.follows_globals(function):
        for name in read_globals(function.__code__):
            if name in function.__globals__:
                yield Edge("global", name), function.__globals__[name]
        yield from _from_modules(function, policy)
        yield from _from_imports(function, policy)


def _from_modules(function: types.FunctionType, policy: Policy) -> Iterator[Child]:
    """What a function reads from other modules, none of which is made to compute it."""
    for chain in read_attributes(function.__code__):
        for names, held in _module_values(function.__globals__.get(chain[0]), chain[1:], policy):
            yield Edge("module_attr", ".".join((chain[0], *names))), held


def _from_imports(function: types.FunctionType, policy: Policy) -> Iterator[Child]:
    """What a function reads from modules that it imports itself."""
    seen: set[str] = set()
    for read in read_imports(function.__code__):
        name = read.resolved(function.__globals__)
        for names, held in _module_values(_imported(function, name, policy), read.names, policy):
            key = f"{name}:{'.'.join(names)}"
            if key not in seen:
                seen.add(key)
                yield Edge("import", key), held


def _imported(function: types.FunctionType, name: str, policy: Policy) -> object:
    """The module that a function imports, as it sees it if it is a copy itself."""
    variables = function.__globals__
    view = variables.view(name) if isinstance(variables, GlobalsOverlay) else None
    return policy.imported(name) if view is None else view


def _module_values(
    module: object, names: tuple[str, ...], policy: Policy
) -> Iterator[tuple[tuple[str, ...], object]]:
    """What ``names``, one inside of the other, lead to as soon as it is no module."""
    for position, name in enumerate(names, 1):
        if not isinstance(module, types.ModuleType) or not policy.follows_module(module):
            return
        variables = variables_of(module, name)
        if name not in variables:
            return
        module = variables[name]
        if not isinstance(module, types.ModuleType):
            yield names[:position], module


@functools.lru_cache(maxsize=4096)
def read_attributes(code: types.CodeType) -> tuple[tuple[str, ...], ...]:
    """Module variables of which ``code``, or a function inside of it, reads attributes, with their names.

    ``prompts.system.TEXT`` is ``("prompts", "system", "TEXT")``.
    """
    chains: list[list[str]] = []
    is_open = False
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            chains.append([instruction.argval])
            is_open = True
        elif is_open and instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            chains[-1].append(instruction.argval)
        else:
            is_open = False
    found = [tuple(chain) for chain in chains if len(chain) > 1]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.extend(read_attributes(constant))
    return tuple(dict.fromkeys(found))


@functools.lru_cache(maxsize=4096)
def read_globals(code: types.CodeType) -> tuple[str, ...]:
    """Names of the module variables that ``code``, or a function inside of it, reads, in order."""
    names = [
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    ]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.extend(read_globals(constant))
    return tuple(dict.fromkeys(names))


def _attributes(value: object, policy: Policy) -> Iterator[Child]:
    cached = policy.cached(value)
    own = instance_dict(value)
    for name, held in list((own or {}).items()):
        if name not in cached:
            yield Edge("attr", name), held
    for name, slot in slots(type(value)).items():
        held = read_slot(slot, value)
        if held is not UNSET and name not in cached:
            yield Edge("attr", name), held
    if own is not None and policy.follows_class(type(value)):
        yield from _class_attributes(type(value), set(own) | set(cached))
    if own is not None:
        yield from _methods(type(value), set(own), policy)


def instance_dict(value: object) -> dict[str, object] | None:
    """The ``__dict__`` of an instance, also where its class overrides attribute access."""
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return held if isinstance(held, dict) else None


class _Unset:
    pass


UNSET = _Unset()
"""Says that a slot holds nothing."""


def slots(kind: type) -> dict[str, types.MemberDescriptorType]:
    """The slots that classes written in Python declare, by name, base classes first."""
    hashable: Hashable = kind
    return _slots(hashable)


@functools.lru_cache(maxsize=4096)
def _slots(kind: Any) -> dict[str, types.MemberDescriptorType]:
    found: dict[str, types.MemberDescriptorType] = {}
    for base in reversed(kind.__mro__):
        if "__slots__" in vars(base):
            found.update(
                (name, slot)
                for name, slot in vars(base).items()
                if isinstance(slot, types.MemberDescriptorType)
            )
    return found


def read_slot(slot: types.MemberDescriptorType, value: object) -> object:
    """What the slot of ``value`` holds, `UNSET` when that is nothing."""
    try:
        return slot.__get__(value)
    except AttributeError:
        return UNSET


def _class_attributes(kind: type, hidden: set[str]) -> Iterator[Child]:
    """Data that instances read from their class: no methods, descriptors or private machinery."""
    for base in kind.__mro__:
        if base.__module__ == "builtins":
            continue
        for name, held in list(vars(base).items()):
            is_data = not hasattr(type(held), "__get__") and not isinstance(held, type)
            if is_data and not name.startswith("__") and name not in hidden:
                hidden.add(name)
                yield Edge("class_attr", name), held


def _methods(kind: type, hidden: set[str], policy: Policy) -> Iterator[Child]:
    """Plain methods of the classes whose methods ``policy`` follows, each as instances see it."""
    followed = {base for base in kind.__mro__ if base is not object and policy.follows_methods(base)}
    for base in kind.__mro__ if followed else ():
        for name, held in list(vars(base).items()):
            if base in followed and name not in hidden:
                yield from _method(name, held, policy.follows_special(base))
            hidden.add(name)


def _method(name: str, held: object, with_special: bool) -> Iterator[Child]:
    if isinstance(held, types.FunctionType) and not _is_special(name):
        yield Edge("method", name), held
    elif with_special:
        function = held if name == "__call__" else function_of(held)
        if isinstance(function, types.FunctionType):
            yield Edge("special", name), function


def function_of(descriptor: object) -> object:
    """The function that a property, static method, class method or cached property is made of, or None."""
    if isinstance(descriptor, property):
        return descriptor.fget
    if isinstance(descriptor, staticmethod | classmethod):
        return descriptor.__func__
    return descriptor.func if isinstance(descriptor, functools.cached_property) else None


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
