"""Descriptions in the schemas of tools' arguments and of structured output, nested classes included.

They are read from the JSON schema that a model is sent, so that it makes no difference whether a part of it
is a pydantic class, a TypedDict, a dataclass or an annotated type.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import attrs
from llama_index.core.tools.types import ToolMetadata
from pydantic import BaseModel

from gepa_core.appgraph import Edge, Graph, Hop, Site
from gepa_core.appgraph.children import instance_dict

_OUTPUT_EDGES = ("output_cls", "_output_cls")
_BY_NAME = ("properties", "$defs", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")

Pointer: TypeAlias = tuple[str | int, ...]
"""The keys on the way into a JSON schema, to what is described."""


@attrs.frozen(eq=False)
class SchemaPlace:
    """A class that an object of the app holds, and where in its JSON schema a description stands."""

    site: Site
    schema: type[BaseModel]
    pointer: Pointer


@attrs.frozen(eq=False, kw_only=True)
class SchemaText:
    """One description, at all places where the app's schemas have it.

    Attributes:
        owner: name of the class that it belongs to.
        part: the field that is described; empty for the class itself.
        text: what it says.
        is_argument: whether it describes arguments of a tool.
        is_nested: whether the class stands inside of the one that the app holds.
        places: where it stands; the first one names it.
    """

    owner: str
    part: str
    text: str
    is_argument: bool
    is_nested: bool
    places: tuple[SchemaPlace, ...]

    @property
    def sites(self) -> tuple[Site, ...]:
        """The edges at which the classes stand."""
        return tuple(dict.fromkeys(place.site for place in self.places))


def schema_texts(graph: Graph) -> list[SchemaText]:
    """Every description in the classes that tools and structured outputs of the app use.

    What the same class says of the same field is one, wherever the class stands.
    """
    places: dict[tuple[object, ...], list[SchemaPlace]] = {}
    for site, schema in _held(graph):
        shown = _json_schema(schema)
        for pointer in _described_in(shown, ()):
            text = _at(shown, pointer)["description"]
            if pointer or site.hop.edge.key != "fn_schema":  # a tool's own description is its metadata's
                key = _key(site, schema, pointer, text)
                places.setdefault(key, []).append(SchemaPlace(site, schema, pointer))
    return [_text(key, found) for key, found in places.items()]


def _held(graph: Graph) -> Iterator[tuple[Site, type[BaseModel]]]:
    for node in list(graph.nodes.values()):
        edges = ("fn_schema",) if isinstance(node.value, ToolMetadata) else _OUTPUT_EDGES
        for name in edges:
            schema = (instance_dict(node.value) or {}).get(name)
            if isinstance(schema, type) and issubclass(schema, BaseModel):
                yield Site(Hop(node.value, Edge("attr", name), node.hop), schema.__name__), schema


def _json_schema(schema: type[BaseModel]) -> dict[str, Any]:
    try:
        return schema.model_json_schema()
    except Exception:  # such as for a field of a type that JSON cannot describe: no model is sent it
        return {}


def _described_in(schema: Any, pointer: Pointer) -> Iterator[Pointer]:
    """The way to everything in a JSON schema that has a description."""
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("description"), str) and schema["description"].strip():
        yield pointer
    for key in _BY_NAME:
        for name, inner in (schema.get(key) or {}).items():
            yield from _described_in(inner, (*pointer, key, name))
    for key in _LISTS:
        for number, inner in enumerate(schema.get(key) or ()):
            yield from _described_in(inner, (*pointer, key, number))
    for key in _SINGLE:
        yield from _described_in(schema.get(key), (*pointer, key))


def _key(site: Site, schema: type[BaseModel], pointer: Pointer, text: str) -> tuple[object, ...]:
    """What makes descriptions one: the class, the way inside of it, and what is said."""
    is_argument = site.hop.edge.key == "fn_schema"
    if pointer[:1] == ("$defs",):
        return (str(pointer[1]), pointer[2:], text, is_argument, True)
    return (schema, pointer, text, is_argument, False)


def _text(key: tuple[Any, ...], places: list[SchemaPlace]) -> SchemaText:
    owner, inner, text, is_argument, is_nested = key
    return SchemaText(
        owner=owner if is_nested else owner.__name__,
        part=".".join(str(name) for name in inner if name not in (*_BY_NAME, *_LISTS, *_SINGLE)),
        text=text,
        is_argument=is_argument,
        is_nested=is_nested,
        places=tuple(places),
    )


def _at(schema: Any, pointer: Pointer) -> Any:
    for key in pointer:
        schema = schema[key]
    return schema


def described(schema: type[BaseModel], texts: Mapping[Pointer, str]) -> type[BaseModel]:
    """A subclass of ``schema`` whose JSON schema has other descriptions.

    It has the same name and module, and whoever calls it gets an instance of ``schema`` itself, so that the
    app's own type comes out.
    """
    base: Any = schema

    usual: list[dict[str, Any]] = []

    def model_json_schema(cls: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if args or kwargs:
            return _changed(base.model_json_schema.__func__(cls, *args, **kwargs), texts)
        if not usual:  # tools are asked for it before every call of a model
            usual.append(_changed(base.model_json_schema.__func__(cls), texts))
        return copy.deepcopy(usual[0])

    body = {
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": texts.get((), base.__doc__),
        "model_json_schema": classmethod(model_json_schema),
    }
    made: Any = _meta_of(base)(base.__name__, (base,), body)
    made.__pydantic_validator__ = base.__pydantic_validator__
    return made  # type: ignore[no-any-return]


def _changed(shown: dict[str, Any], texts: Mapping[Pointer, str]) -> dict[str, Any]:
    for pointer, text in texts.items():
        try:
            _at(shown, pointer)["description"] = text
        except (KeyError, IndexError, TypeError):  # by_alias=False, or another mode, has other fields
            continue
    return shown


def _meta_of(base: Any) -> Any:
    """A metaclass by which a subclass of ``base`` makes, and takes for its own, what ``base`` does."""

    def call(cls: Any, *args: Any, **kwargs: Any) -> Any:
        del cls
        return base(*args, **kwargs)

    def instancecheck(cls: Any, instance: Any) -> bool:
        del cls
        return isinstance(instance, base)

    return type(type(base).__name__, (type(base),), {"__call__": call, "__instancecheck__": instancecheck})
