"""Imports inside of functions: what a function reads from modules that it imports when it runs."""

from __future__ import annotations

import dis
import functools
import importlib.util
import types
from collections.abc import Iterator, Mapping

import attrs

_STORES = ("STORE_FAST", "STORE_DEREF", "STORE_NAME", "STORE_GLOBAL")


@attrs.frozen
class ImportedName:
    """Something that a function reads from a module that it imports itself.

    Attributes:
        module: the module's name as the import statement has it, without the dots of a relative one.
        level: how many dots there were.
        names: the attributes that are read, one inside of the other.
    """

    module: str
    level: int
    names: tuple[str, ...]

    def resolved(self, variables: Mapping[str, object]) -> str:
        """The module's full name, for a function with these module variables; empty when it has none."""
        if not self.level:
            return self.module
        try:
            return importlib.util.resolve_name("." * self.level + self.module, str(variables["__package__"]))
        except (ImportError, KeyError):
            return ""


@functools.lru_cache(maxsize=4096)
def read_imports(code: types.CodeType) -> tuple[ImportedName, ...]:
    """What ``code``, or a function inside of it, reads from modules that it imports, in order."""
    return tuple(dict.fromkeys(_reads(code, {})))


def _reads(code: types.CodeType, outer: Mapping[str, ImportedName]) -> Iterator[ImportedName]:
    known = dict(outer)
    instructions = list(dis.get_instructions(code))
    statement: ImportedName | None = None
    pending: ImportedName | None = (
        None  # what the next store gives a name, or the next attribute goes on from
    )
    for number, instruction in enumerate(instructions):
        match instruction.opname:
            case "IMPORT_NAME":
                level, names = instructions[number - 2].argval, instructions[number - 1].argval
                top = instruction.argval if names or level else instruction.argval.partition(".")[0]
                statement = pending = ImportedName(top, int(level or 0), ())
            case "IMPORT_FROM" if statement is not None:
                pending = attrs.evolve(statement, names=(instruction.argval,))
                yield pending
            case name if name in _STORES:
                if pending is not None:
                    known[str(instruction.argval)] = pending
                pending = None
            case name if name.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_NAME")):
                pending = known.get(_last(instruction.argval))
            case "LOAD_ATTR" | "LOAD_METHOD" if pending is not None:
                pending = attrs.evolve(pending, names=(*pending.names, str(instruction.argval)))
                yield pending
            case "CACHE" | "PUSH_NULL":
                pass
            case _:
                pending = None
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _reads(constant, known)


def _last(argument: object) -> str:
    """The name that an instruction loads; of one that loads two, the one on top."""
    return str(argument[-1] if isinstance(argument, tuple) else argument)
