"""How an app's own code fills in a string of its own, read from the bytecode next to it."""

from __future__ import annotations

import dis
import re
import types
from collections.abc import Iterator
from typing import Literal, TypeAlias

from gepa_core.appgraph import Site

Filled: TypeAlias = Literal["plain", "str.format", "PromptTemplate", "jinja2", "unknown"]

_TEMPLATES: dict[str, Filled] = {
    "PromptTemplate": "PromptTemplate",
    "Prompt": "PromptTemplate",
    "RichPromptTemplate": "jinja2",
}
_PASSED_OVER = frozenset(("CACHE", "PRECALL", "PUSH_NULL", "EXTENDED_ARG", "COPY_FREE_VARS", "RESUME", "NOP"))
_LOADS = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD", "LOAD_DEREF"))


def how_it_is_filled(site: Site) -> Filled:
    """What becomes of the string at ``site``: by the uses of its name in the functions that hold it.

    A text without braces is ``"plain"``. All uses have to agree, else it is ``"unknown"``.
    """
    if "{" not in site.text and "}" not in site.text:
        return "plain"
    name = re.split(r"[.:]", str(site.hop.edge.key))[-1]
    uses = {use for code in _codes(site) for use in _uses(code, name)}
    return uses.pop() if len(uses) == 1 else "unknown"


def _codes(site: Site) -> Iterator[types.CodeType]:
    """The code that reads the string: the function that holds it, or the methods of the object."""
    hop = site.hop
    while hop.before is not None and hop.edge.kind == "contents":
        hop = hop.before
    if isinstance(hop.owner, types.FunctionType):
        yield from _nested(hop.owner.__code__)
        return
    for base in type(hop.owner).__mro__:
        for held in vars(base).values():
            if isinstance(held, types.FunctionType):
                yield from _nested(held.__code__)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def _uses(code: types.CodeType, name: str) -> Iterator[Filled]:
    steps = [one for one in dis.get_instructions(code) if one.opname not in _PASSED_OVER]
    for number, one in enumerate(steps):
        if one.opname not in _LOADS or one.argval != name:
            continue
        after = steps[number + 1] if number + 1 < len(steps) else None
        if after is not None and after.opname in _LOADS and after.argval == "format":
            yield "str.format"
        else:
            yield _constructor(steps[:number])


def _constructor(before: list[dis.Instruction]) -> Filled:
    """The template class that is called with the string as its first argument."""
    loads = [one for one in before[-2:] if one.opname in _LOADS and one.argval in _TEMPLATES]
    return _TEMPLATES[str(loads[-1].argval)] if loads else "unknown"
