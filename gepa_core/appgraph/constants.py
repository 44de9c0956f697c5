"""Texts that are constants of an app, and that no walk over its objects can replace.

Members of an Enum are the same objects for everybody, and what a function imports when it runs may not be
loaded yet.
"""

from __future__ import annotations

import ast
import enum
import functools
import importlib.util
import re
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from gepa_core.appgraph.children import is_empty_cell, read_attributes, read_globals
from gepa_core.appgraph.expressions import written
from gepa_core.appgraph.imports import read_imports
from gepa_core.appgraph.policy import Policy

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@attrs.frozen(kw_only=True)
class Constant:
    """A text and the names by which the app's code knows it.

    Attributes:
        text: what it says.
        name: its own name.
        holder: the name of the Enum or module that has it.
        source: where it stands, for people.
    """

    text: str
    name: str
    holder: str
    source: str

    @property
    def words(self) -> tuple[str, str]:
        """Its names with an underscore between words."""
        return _HUMP.sub("_", self.name), _HUMP.sub("_", self.holder)


def constants_in(functions: Iterable[types.FunctionType], policy: Policy) -> list[Constant]:
    """The texts of every Enum that ``functions`` name, and of modules that they import and nobody has yet.

    No code of the app is run: a module that is not loaded is read as a file.
    """
    found: dict[tuple[str, str], Constant] = {}
    for function in functions:
        for one in (*_of_enums(function, policy), *_of_files(function)):
            found.setdefault((one.holder, one.name), one)
    return list(found.values())


def _of_enums(function: types.FunctionType, policy: Policy) -> Iterator[Constant]:
    for kind in dict.fromkeys(_enums(function, policy)):
        for name, member in kind.__members__.items():
            if isinstance(member.value, str):
                source = f"{kind.__module__}:{kind.__qualname__}.{name}"
                yield Constant(text=str(member.value), name=name, holder=kind.__name__, source=source)


def _enums(function: types.FunctionType, policy: Policy) -> Iterator[type[enum.Enum]]:
    """The Enums of the app's own that a function reads from anywhere."""
    held = function.__globals__
    values = [
        _followed(held.get(names[0]), names[1:], policy) for names in read_attributes(function.__code__)
    ]
    values += [held.get(name) for name in read_globals(function.__code__)]
    values += [cell.cell_contents for cell in function.__closure__ or () if not is_empty_cell(cell)]
    for read in read_imports(function.__code__):
        values.append(_followed(policy.imported(read.resolved(held)), read.names, policy))
    for value in values:
        kind = type(value) if isinstance(value, enum.Enum) else value
        if isinstance(kind, type) and issubclass(kind, enum.Enum) and policy.is_apps_own(kind.__module__):
            yield kind


def _followed(value: object, names: Iterable[str], policy: Policy) -> object:
    """What ``names`` lead to from a module, as soon as it is none."""
    for name in names:
        if not isinstance(value, types.ModuleType) or not policy.follows_module(value):
            break
        value = vars(value).get(name)
    return value


def _of_files(function: types.FunctionType) -> Iterator[Constant]:
    for read in read_imports(function.__code__):
        module = read.resolved(function.__globals__)
        if not read.names or not module or module in sys.modules:
            continue
        file = _source_of(module)
        text = _texts_in(file).get(read.names[0]) if file else None
        if text is not None:
            source = f"{module}:{read.names[0]}"
            yield Constant(text=text, name=read.names[0], holder=module.rpartition(".")[2], source=source)


def _source_of(module: str) -> str:
    """The file of a module that is not installed; empty when it is not known without importing anything."""
    parent = module.rpartition(".")[0]
    if module.partition(".")[0] in sys.stdlib_module_names or (parent and parent not in sys.modules):
        return ""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return ""
    file = (spec.origin if spec is not None else None) or ""
    is_installed = "site-packages" in file or "dist-packages" in file
    return file if file.endswith(".py") and not is_installed else ""


@functools.lru_cache(maxsize=256)
def _texts_in(file: str) -> dict[str, str]:
    """The variables of a module that are one text each."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            text = written(node.value)
            for target in targets:
                if isinstance(target, ast.Name) and text is not None and not text.has_gaps:
                    found[target.id] = text.natural
    return found
