"""Descriptions inside of pydantic classes: of a tool's arguments, and of structured output."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import attrs
from llama_index.core.tools.types import ToolMetadata
from pydantic import BaseModel, create_model

from gepa_core.appgraph import Edge, Graph, Hop, Site
from gepa_core.appgraph.children import instance_dict

_OUTPUT_EDGES = ("output_cls", "_output_cls")

Part: TypeAlias = str | None
"""A field's name, or None for the class's own docstring."""


@attrs.frozen(eq=False, kw_only=True)
class SchemaText:
    """One description in a pydantic class that objects of the app hold.

    Attributes:
        schema: the class as the app has it.
        sites: the edges at which the *class* stands, with the description's text; the first names it.
        part: the field that is described, or None for the class itself.
    """

    schema: type[BaseModel]
    sites: tuple[Site, ...]
    part: Part

    @property
    def is_argument(self) -> bool:
        """Whether it describes an argument of a tool."""
        return self.sites[0].hop.edge.key == "fn_schema"


def schema_texts(graph: Graph) -> Iterator[SchemaText]:
    """Every description in the classes that tools and structured outputs of the app use, each once."""
    holders: dict[type[BaseModel], list[Hop]] = {}
    for node in graph.nodes.values():
        edges = ("fn_schema",) if isinstance(node.value, ToolMetadata) else _OUTPUT_EDGES
        for name in edges:
            schema = (instance_dict(node.value) or {}).get(name)
            if isinstance(schema, type) and issubclass(schema, BaseModel):
                holders.setdefault(schema, []).append(Hop(node.value, Edge("attr", name), node.hop))
    for schema, hops in holders.items():
        for part, text in _texts_of(schema, with_docstring=hops[0].edge.key != "fn_schema"):
            yield SchemaText(schema=schema, sites=tuple(Site(hop, text) for hop in hops), part=part)


def _texts_of(schema: type[BaseModel], *, with_docstring: bool) -> Iterator[tuple[Part, str]]:
    docstring = vars(schema).get("__doc__") or ""
    if with_docstring and docstring.strip():
        yield None, docstring
    for name, field in schema.model_fields.items():
        if field.description and field.description.strip():
            yield name, field.description


def described(schema: type[BaseModel], texts: Mapping[Part, str]) -> type[BaseModel]:
    """A subclass of ``schema`` with other descriptions and the same name, module and fields."""
    fields: dict[str, Any] = {}
    for name, text in texts.items():
        if name is not None:
            field = copy.copy(schema.model_fields[name])
            field.description = text
            field._attributes_set = {**field._attributes_set, "description": text}  # what pydantic merges
            fields[name] = (field.annotation, field)
    made: type[BaseModel] = create_model(
        schema.__name__, __base__=schema, __module__=schema.__module__, **fields
    )
    made.__doc__ = texts.get(None, schema.__doc__)
    made.__qualname__ = schema.__qualname__
    made.model_rebuild(force=True)
    return made
