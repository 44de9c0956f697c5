"""Pydantic classes that describe arguments or structured output: their texts, and classes with other ones."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from types import FunctionType
from typing import Any, TypeAlias

import attrs
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.tools import BaseTool
from pydantic import BaseModel, create_model

from gepa_core.appgraph import Edge, Graph, Hop, Policy, Site
from gepa_core.appgraph.children import children
from gepa_langchain.graphs import loaded

Part: TypeAlias = str
"""A field's name; empty for the class's own docstring."""

_BINDERS = frozenset(
    (
        "AutoStrategy",
        "ProviderStrategy",
        "ToolStrategy",
        "bind_tools",
        "create_agent",
        "with_structured_output",
    )
)


@attrs.frozen(eq=False)
class SchemaPart:
    """A description in a pydantic class that an object of the app holds.

    Attributes:
        site: the edge at which the class stands, with the description's text.
        schema: the class as the app has it.
        part: what is described.
        is_argument: whether it describes an argument of a tool.
        name: the tool's or schema's name.
    """

    site: Site
    schema: type[BaseModel]
    part: Part
    is_argument: bool
    name: str


def schema_parts(graph: Graph, policy: Policy) -> Iterator[SchemaPart]:
    """Every description in the classes of which the app shows a schema to a model, once for each holder."""
    for node in graph.nodes.values():
        owner = node.value
        for edge, schema in _schemas_held_by(owner, policy):
            hop = Hop(owner, edge, node.hop)
            is_argument = isinstance(owner, BaseTool)
            name = owner.name if isinstance(owner, BaseTool) else schema.__name__
            for part, text in _texts_of(schema, with_docstring=not is_argument):
                yield SchemaPart(Site(hop, text), schema, part, is_argument, name)


def _schemas_held_by(owner: object, policy: Policy) -> Iterator[tuple[Edge, type[BaseModel]]]:
    strategies = loaded(
        "langchain.agents.structured_output",
        "AutoStrategy",
        "ProviderStrategy",
        "ToolStrategy",
        "_SchemaSpec",
    )
    if isinstance(owner, BaseTool):
        names = {Edge("attr", "args_schema")}
    elif isinstance(owner, PydanticOutputParser):
        names = {Edge("attr", "pydantic_object")}
    elif isinstance(owner, strategies):
        names = {Edge("attr", "schema")}
    elif isinstance(owner, FunctionType) and not _BINDERS.isdisjoint(_names_used(owner)):
        names = {
            edge
            for edge, held in children(owner, policy)
            if edge.kind in ("global", "module_attr") and policy.is_apps_own(getattr(held, "__module__", ""))
        }
    else:
        return
    for edge, held in children(owner, policy):
        if edge in names and isinstance(held, type) and issubclass(held, BaseModel):
            yield edge, held


def _names_used(function: FunctionType) -> tuple[str, ...]:
    return function.__code__.co_names


def _texts_of(schema: type[BaseModel], *, with_docstring: bool) -> Iterator[tuple[Part, str]]:
    docstring = vars(schema).get("__doc__") or ""
    if with_docstring and docstring.strip():
        yield "", cleandoc(docstring)
    for name, field in schema.model_fields.items():
        if field.description and field.description.strip():
            yield field.alias or name, field.description


def described_schemas(parts: Iterable[tuple[SchemaPart, str]]) -> dict[Site, Any]:
    """The classes with new texts, for the edges at which the old ones stand."""
    sites: dict[tuple[int, Edge], Site] = {}
    texts: dict[tuple[int, Edge], dict[Part, str]] = {}
    schemas: dict[tuple[int, Edge], type[BaseModel]] = {}
    for part, text in parts:
        key = (id(part.site.owner), part.site.hop.edge)
        sites.setdefault(key, part.site)
        schemas[key] = part.schema
        texts.setdefault(key, {})[part.part] = text
    made: dict[tuple[type, tuple[tuple[Part, str], ...]], type[BaseModel]] = {}
    values: dict[Site, Any] = {}
    for key, site in sites.items():
        what = (schemas[key], tuple(texts[key].items()))
        if what not in made:
            made[what] = described(schemas[key], texts[key])
        values[site] = made[what]
    return values


def described(schema: type[BaseModel], texts: Mapping[Part, str]) -> type[BaseModel]:
    """A subclass of ``schema`` with the same name and other descriptions.

    What it validates becomes an instance of ``schema`` itself, so that the app's own type comes out.
    """
    fields: dict[str, Any] = {}
    for name, field in schema.model_fields.items():
        text = texts.get(field.alias or name)
        if text is not None:
            changed = copy.copy(field)
            changed.description = text
            changed._attributes_set = {**field._attributes_set, "description": text}  # what pydantic merges
            fields[name] = (field.annotation, changed)
    made: type[BaseModel] = create_model(
        schema.__name__, __base__=schema, __module__=schema.__module__, **fields
    )
    made.__doc__ = texts.get("", schema.__doc__)
    made.__qualname__ = schema.__qualname__
    made.model_rebuild(force=True)
    made.__pydantic_validator__ = schema.__pydantic_validator__
    return made
