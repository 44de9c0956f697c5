"""What the way to a text says: the names on it, and what sort of text stands there."""

from __future__ import annotations

import re
import types
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import attrs

from gepa_core.appgraph import Hop
from gepa_core.appgraph.children import instance_dict, read_slot, slots

Form: TypeAlias = Literal["message", "tool", "argument", "schema", "tool_object", "variable"]

ROLES = frozenset(("system", "developer", "user", "assistant", "tool", "function"))
_MEMBERS = ("item", "index", "contents", "member")
_OF_CALLABLES = frozenset(
    ("__defaults__", "__kwdefaults__", "__self__", "__func__", "func", "args", "keywords")
)


@attrs.frozen(kw_only=True, eq=False)
class Place:
    """Where a text stands.

    Attributes:
        form: what sort of text the objects around it make of it.
        names: names of variables, attributes and keys on the way, outermost first.
        variable: the name that the text itself has, else that of what holds it.
        role: role of the message that it is; empty when that is not known.
        tool: the tool that it describes.
        argument: which of the tool's arguments.
    """

    form: Form
    names: Sequence[str]
    variable: str
    role: str = ""
    tool: str = ""
    argument: str = ""


def place_of(hop: Hop) -> Place:
    """Read the way that ends with ``hop``."""
    names = [name for one in hop.path if (name := _name(one))]
    variable = _variable(hop)
    owner: Any = hop.owner
    if isinstance(owner, dict):
        described = _in_dict(hop, owner)
        if described is not None:
            return attrs.evolve(described, names=names, variable=variable)
    elif hop.edge.key == "description" and tool_of_object(owner):
        return Place(form="tool_object", names=names, variable=variable, tool=tool_of_object(owner))
    return Place(form="variable", names=names, variable=variable)


def _in_dict(hop: Hop, owner: dict[Any, Any]) -> Place | None:
    key, before = hop.edge.key, hop.before
    if key == "content" and owner.get("role") in ROLES:
        return Place(form="message", names=(), variable="", role=str(owner["role"]))
    if key == "text" and str(owner.get("type", "")).endswith("text") and before is not None:
        outer: Any = before.before.owner if before.before is not None else None
        if isinstance(outer, dict) and outer.get("role") in ROLES:
            return Place(form="message", names=(), variable="", role=str(outer["role"]))
    if key == "description":
        return _description(hop, owner)
    return None


def _description(hop: Hop, owner: dict[Any, Any]) -> Place | None:
    if is_tool(owner):
        return Place(form="tool", names=(), variable="", tool=str(owner["name"]))
    path = hop.path
    keys: list[str] = []
    for one in reversed(path[:-1]):
        if is_tool(one.owner):
            argument = ".".join(reversed([key for key in keys if key not in ("properties", "items")]))
            tool = str(one.owner["name"])  # type: ignore[index]
            if not argument:
                return Place(form="schema", names=(), variable="", tool=tool, argument="arguments")
            return Place(form="argument", names=(), variable="", tool=tool, argument=argument)
        if one.edge.kind == "item":
            keys.append(str(one.edge.key))
    if "type" in owner and {"json_schema", "schema"} & set(keys):
        named = [key for key in reversed(keys) if key not in ("properties", "items", "json_schema", "schema")]
        return Place(form="schema", names=(), variable="", argument=".".join(named))
    return None


def is_tool(value: object) -> bool:
    """Whether a dict is a tool's name, description and parameters, without what is wrapped around them."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return False
    return any(isinstance(value.get(key), dict) for key in ("parameters", "input_schema", "inputSchema"))


def tool_of_object(owner: object) -> str:
    """The name of a tool that is an object with a name, a description and something to call; else empty."""
    held = _attributes(owner)
    if not isinstance(held.get("name"), str):
        return ""
    methods = (getattr(type(owner), name, None) for name in ("run", "call", "invoke", "__call__"))
    is_callable = any(map(callable, held.values())) or any(map(callable, methods))
    return str(held["name"]) if is_callable else ""


def _attributes(owner: object) -> dict[str, object]:
    """What an object holds, in slots as well, without running any of its code."""
    in_slots = {name: read_slot(slot, owner) for name, slot in slots(type(owner)).items()}
    return {**(instance_dict(owner) or {}), **in_slots}


def _name(hop: Hop) -> str:
    match hop.edge.kind:
        case "attr" | "class_attr" | "global" | "cell" | "method" | "special":
            return str(hop.edge.key)
        case "module_attr" | "import":
            return re.split(r"[.:]", str(hop.edge.key))[-1]
        case "item":
            return hop.edge.key if isinstance(hop.edge.key, str) else ""
        case "index":
            return parameter_name(hop)
        case _:
            return ""


def _variable(hop: Hop) -> str:
    """The nearest name, and the position where it names a list."""
    at: Hop | None = hop
    number = ""
    while at is not None and at.edge.kind in _MEMBERS:
        if at.edge.kind == "item" and isinstance(at.edge.key, str):
            return at.edge.key + number
        if parameter_name(at):
            return parameter_name(at)
        if at.edge.kind == "index":
            number = str(int(str(at.edge.key)) + 1)
        at = at.before
    return _name(at) + number if at is not None and at.edge.kind != "part" else ""


def parameter_name(hop: Hop) -> str:
    """The parameter whose default stands at ``hop``; empty when it is no default."""
    before = hop.before
    if hop.edge.kind != "index" or before is None or before.edge.key != "__defaults__":
        return ""
    function = before.owner
    if not isinstance(function, types.FunctionType) or not isinstance(hop.owner, tuple):
        return ""
    code = function.__code__
    position = code.co_argcount - len(hop.owner) + int(str(hop.edge.key))
    return code.co_varnames[position]


def holders(hop: Hop) -> list[str]:
    """Names that say what a text is for: its own, and those of the containers that it stands in."""
    found: list[str] = []
    at: Hop | None = hop
    while at is not None:
        name = _name(at)
        if name:
            found.append(name)
        if at.edge.kind not in _MEMBERS or parameter_name(at):
            break
        at = at.before
    return found
