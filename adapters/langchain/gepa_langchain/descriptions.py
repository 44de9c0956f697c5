"""Descriptions of tools, of their arguments and of structured output, wherever the app keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any, Literal, TypeAlias

import attrs
from langchain_core.tools import BaseTool

from gepa_core.appgraph import Graph, Hop, Policy, Site
from gepa_langchain.graphs import loaded
from gepa_langchain.schemas import SchemaPart, schema_parts

Kind: TypeAlias = Literal["tool_description", "argument_description", "schema_description"]
_SCHEMA_KEYS = ("response_format", "ls_structured_output_format", "json_schema")
_PARAMETERS = ("parameters", "input_schema", "function", "schema")
_BETWEEN = ("properties", "items", "anyOf", "allOf", "oneOf", "$defs", "definitions", "additionalProperties")


@attrs.frozen(eq=False, kw_only=True)
class Description:
    """One description, at every place where the app holds it.

    Attributes:
        kind: the component's kind.
        name: the tool's or schema's name.
        path: the argument or field, empty for the tool or schema itself.
        text: what it says.
        sites: strings that hold it.
        schemas: pydantic classes that hold it.
    """

    kind: Kind
    name: str
    path: str
    text: str
    sites: tuple[Site, ...] = ()
    schemas: tuple[SchemaPart, ...] = ()

    @property
    def site(self) -> Site:
        """The first place."""
        return self.sites[0] if self.sites else self.schemas[0].site


@attrs.frozen
class About:
    """What a string describes.

    Attributes:
        kind: the component's kind.
        name: the tool's or schema's name.
        path: where inside of it, empty for the whole.
        leaf: the name of the field or argument; empty for an object.
    """

    kind: Kind
    name: str
    path: str = ""
    leaf: str = ""


_Key: TypeAlias = tuple[str, str, str]
"""A name, a leaf and a text. The same text for a field of the same name is one component in one schema: the
same class may stand in several places of it, and a schema may be held as a class and as a dict."""


def descriptions_in(graph: Graph, policy: Policy) -> list[Description]:
    """All descriptions, those with the same text for the same thing as one."""
    sites: dict[_Key, list[Site]] = {}
    schemas: dict[_Key, list[SchemaPart]] = {}
    abouts: dict[_Key, About] = {}
    for site in graph.sites:
        about = about_description(site.hop)
        if about is not None and site.text.strip():
            sites.setdefault(_note(abouts, about, site.text), []).append(site)
    for part in schema_parts(graph, policy):
        kind: Kind = "argument_description" if part.is_argument else "schema_description"
        about = About(kind, part.name, part.said.path, part.said.leaf)
        schemas.setdefault(_note(abouts, about, part.said.text), []).append(part)
    return [
        Description(
            kind=about.kind,
            name=about.name,
            path=about.path,
            text=key[2],
            sites=tuple(sites.get(key, ())),
            schemas=tuple(schemas.get(key, ())),
        )
        for key, about in abouts.items()
    ]


def _note(abouts: dict[_Key, About], about: About, text: str) -> _Key:
    """Keep the first that is said of a text. Structured output stays that also where it is sent as a tool."""
    key = (about.name, about.leaf, cleandoc(text))
    known = abouts.setdefault(key, about)
    if about.kind == "schema_description":
        abouts[key] = attrs.evolve(known, kind=about.kind)
    return key


def about_description(hop: Hop) -> About | None:
    """What the string at the end of ``hop`` describes, None for anything else."""
    if hop.edge.key != "description":
        return None
    owner = hop.owner
    if isinstance(owner, BaseTool):
        return About("schema_description" if _is_output(hop) else "tool_description", owner.name)
    if isinstance(owner, loaded("langchain.agents.structured_output", "_SchemaSpec")):
        return About("schema_description", str(vars(owner).get("name")))
    return _in_json_schema(hop) if isinstance(owner, dict) and hop.edge.kind == "item" else None


def _in_json_schema(hop: Hop) -> About | None:
    """For a description in the dict of a tool or of a JSON schema."""
    path: list[str] = []
    at = hop
    while at.before is not None and isinstance(at.before.owner, dict | list):
        before = at.before
        inside = before.before.edge.key if before.before is not None else None
        if before.edge.kind == "item" and inside in ("properties", "$defs", "definitions"):
            path.insert(0, str(before.edge.key))
        elif before.edge.kind == "item" and before.edge.key not in (*_BETWEEN, *_PARAMETERS, *_SCHEMA_KEYS):
            break
        at = before
    inner = _how_inside(hop)
    if path and inner:
        path.append(inner)
    is_object = isinstance(hop.owner, dict) and "properties" in hop.owner
    return _described_by(hop, at, ".".join(path), "" if is_object or not path else path[-1])


def _how_inside(hop: Hop) -> str:
    """How a property's schema leads to the one that is described, if that is not the property's own."""
    before = hop.before
    if before is None or before.edge.key in ("items", "additionalProperties"):
        return "entry"
    is_alternative = before.edge.kind == "index" and before.before is not None
    return "value" if is_alternative else ""


def _described_by(hop: Hop, top: Hop, path: str, leaf: str) -> About | None:
    holder = top.before.owner if top.before is not None else None
    for_tools: Kind = "argument_description" if path else "tool_description"
    if isinstance(holder, BaseTool):
        return About("schema_description" if _is_output(hop) else for_tools, holder.name, path, leaf)
    if isinstance(holder, loaded("langchain.agents.structured_output", "_SchemaSpec")):
        return About("schema_description", str(vars(holder).get("name")), path, leaf)
    owners = _owners(hop, top)
    named = next((one for one in owners if _is_named(one)), None)
    name = str(named["name"]) if named is not None else _title(owners)
    if not name:
        return None
    is_output = named is None or _is_in_response_format(hop) or _binds_structured_output(hop)
    return About("schema_description" if is_output else for_tools, name, path, leaf)


def _is_in_response_format(hop: Hop) -> bool:
    return any(step.edge.key in _SCHEMA_KEYS for step in hop.path)


def _owners(hop: Hop, top: Hop) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    at: Hop | None = hop
    while at is not None:
        if isinstance(at.owner, dict):
            found.append(at.owner)
        if at is top:
            break
        at = at.before
    return found


def _is_named(one: Mapping[str, Any]) -> bool:
    return isinstance(one.get("name"), str) and any(key in one for key in _PARAMETERS)


def _title(owners: Sequence[Mapping[str, Any]]) -> str:
    for one in reversed(owners):
        if isinstance(one.get("title"), str) and isinstance(one.get("properties"), dict):
            return str(one["title"])
    return ""


def _is_output(hop: Hop) -> bool:
    """Whether a tool is only there to get structured output."""
    kinds = loaded("langchain.agents.structured_output", "OutputToolBinding")
    return any(isinstance(step.owner, kinds) for step in hop.path)


def _binds_structured_output(hop: Hop) -> bool:
    """Whether the dict of a tool is bound by ``with_structured_output``, which says so beside it."""
    owners: Iterable[object] = (step.owner for step in hop.path)
    return any(isinstance(owner, dict) and "ls_structured_output_format" in owner for owner in owners)
