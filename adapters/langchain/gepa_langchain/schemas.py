"""Classes of which the app shows a model the schema, and where it holds them."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Any, Union, get_origin

import attrs
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.tools import BaseTool

from gepa_core.appgraph import Edge, Graph, Hop, Policy, Site
from gepa_core.appgraph.children import children
from gepa_langchain.annotations import Described, Part, described_in, injected_in, is_data_class
from gepa_langchain.graphs import loaded
from gepa_langchain.redescribed import described

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
_OF_FUNCTIONS = ("global", "module_attr", "import")


@attrs.frozen(eq=False)
class SchemaPart:
    """A description in a class that an object of the app holds.

    Attributes:
        site: the edge at which the class stands, with the description's text.
        schema: the class, or a union of classes, as the app has it.
        said: the description.
        is_argument: whether it describes an argument of a tool.
        name: the tool's or schema's name.
    """

    site: Site
    schema: Any
    said: Described
    is_argument: bool
    name: str


def schema_parts(graph: Graph, policy: Policy) -> Iterator[SchemaPart]:
    """Every description in the classes of which the app shows a schema to a model, once for each holder."""
    for key, node in graph.nodes.items():
        owner = node.value
        is_tool = isinstance(owner, BaseTool)
        for edge, schema in _schemas_held_by(key, graph, policy):
            hop = Hop(owner, edge, node.hop)
            hidden = injected_in(schema) if is_tool else frozenset()
            for top, said in described_in(schema, with_docstring=not is_tool):
                if said.path.partition(".")[0] in hidden:
                    continue
                name = owner.name if isinstance(owner, BaseTool) else top.__name__
                yield SchemaPart(Site(hop, said.text), schema, said, is_tool, name)


def _schemas_held_by(key: int, graph: Graph, policy: Policy) -> Iterator[tuple[Edge, Any]]:
    owner = graph.nodes[key].value
    for edge, held in children(owner, policy):
        if _is_schema(held) and (_is_known(owner, edge) or _may_bind(key, edge, held, graph, policy)):
            yield edge, held


def _is_schema(held: object) -> bool:
    return is_data_class(held) or get_origin(held) in (Union, types.UnionType)


def _is_known(owner: object, edge: Edge) -> bool:
    """Whether the framework shows a model what it holds on this edge."""
    if isinstance(owner, BaseTool):
        return edge.key == "args_schema"
    if isinstance(owner, PydanticOutputParser):
        return edge.key == "pydantic_object"
    if isinstance(owner, dict):  # the arguments of a call, which ``bind`` has frozen
        return edge.key == "response_format"
    strategies = ("AutoStrategy", "ProviderStrategy", "ToolStrategy", "_SchemaSpec")
    return edge.key == "schema" and isinstance(
        owner, loaded("langchain.agents.structured_output", *strategies)
    )


def _may_bind(key: int, edge: Edge, held: object, graph: Graph, policy: Policy) -> bool:
    """Whether the app's own code holds a class of its own and binds classes to models when it runs."""
    owner = graph.nodes[key].value
    if isinstance(held, type) and not policy.is_apps_own(held.__module__):
        return False
    if isinstance(owner, types.FunctionType):
        return edge.kind in _OF_FUNCTIONS and _binds(owner)
    if isinstance(owner, types.CellType):
        return any(_binds(graph.nodes[holder].value) for holder in graph.held_by.get(key, ()))
    return (
        edge.kind == "attr"
        and policy.is_apps_own(type(owner).__module__)
        and any(map(_binds, vars(type(owner)).values()))
    )


def _binds(function: object) -> bool:
    return isinstance(function, types.FunctionType) and not _BINDERS.isdisjoint(function.__code__.co_names)


def described_schemas(parts: Iterable[tuple[SchemaPart, str]]) -> dict[Site, Any]:
    """The classes with new texts, for the edges at which the old ones stand."""
    sites: dict[tuple[int, Edge], Site] = {}
    texts: dict[tuple[int, Edge], dict[Part, str]] = {}
    schemas: dict[tuple[int, Edge], Any] = {}
    for part, text in parts:
        key = (id(part.site.owner), part.site.hop.edge)
        sites.setdefault(key, part.site)
        schemas[key] = part.schema
        texts.setdefault(key, {})[part.said.part] = text
    made: dict[tuple[int, tuple[tuple[Part, str], ...]], Any] = {}
    values: dict[Site, Any] = {}
    for key, site in sites.items():
        what = (id(schemas[key]), tuple(texts[key].items()))
        if what not in made:
            made[what] = described(schemas[key], texts[key])
        values[site] = made[what]
    return values
