"""Classes that describe data, found in annotations: pydantic models, dataclasses and typed dicts."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import (
    Annotated,
    Any,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs
from langchain_core.tools import InjectedToolArg
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typing_extensions import ReadOnly, is_typeddict

from gepa_langchain.graphs import loaded

Part: TypeAlias = tuple[type, str]
"""A class and one of its fields, by the name in the schema; empty for the class's own docstring."""

_DIRECTLY = "_DirectlyInjectedToolArg"
_TRANSPARENT = (Annotated, Required, NotRequired, ReadOnly)


@attrs.frozen
class DataField:
    """A field of such a class: its name in the schema, its annotation, what is said of it."""

    name: str
    annotation: Any
    description: str


@attrs.frozen
class Described:
    """A description in a schema.

    Attributes:
        part: what is described.
        path: the fields from the top of the schema to it, joined by dots.
        leaf: the field's own name; empty where an object is described, by its class or by the field.
        text: the description.
    """

    part: Part
    path: str
    leaf: str
    text: str


def is_data_class(kind: object) -> bool:
    """Whether ``kind`` is a class that a JSON schema is made of."""
    if not isinstance(kind, type):
        return False
    return is_typeddict(kind) or dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel)


def classes_in(annotation: Any) -> Iterator[tuple[type, str]]:
    """The classes in an annotation, each with how the schema leads to it.

    That is ``"entry"`` inside of a list or mapping, ``"value"`` where there are alternatives, else empty.
    """
    if is_data_class(annotation):
        yield annotation, ""
        return
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in _TRANSPARENT:
        yield from classes_in(args[0])
    elif origin in (Union, types.UnionType):
        for arg in args:
            yield from ((kind, how or "value") for kind, how in classes_in(arg))
    elif isinstance(origin, type):
        for arg in args:
            yield from ((kind, "entry") for kind, _ in classes_in(arg))


def docstring_of(kind: type) -> str:
    """The docstring that ends up in the schema; empty for one that Python or nobody wrote."""
    text = cleandoc(vars(kind).get("__doc__") or "")
    is_made = dataclasses.is_dataclass(kind) and text.startswith(f"{kind.__name__}(")
    # LangChain divides a docstring with arguments among the fields
    return "" if is_made or "\nArgs:" in text else text


def fields_of(kind: type) -> Iterator[DataField]:
    """The fields of a class; none where its annotations cannot be read."""
    if issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield DataField(field.alias or name, field.annotation, field.description or "")
        return
    try:
        hints = get_type_hints(kind, include_extras=True)
    except Exception:  # a name that is only there for type checkers
        return
    own = vars(kind).get("__pydantic_fields__", {})
    for name, annotation in hints.items():
        description = own[name].description if name in own else None
        yield DataField(name, annotation, description or description_in(annotation))


def injected_in(schema: Any) -> frozenset[str]:
    """The arguments of a tool that LangChain fills in itself, such as its runtime: no model is shown them."""
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return frozenset()
    fields = schema.model_fields.items()
    return frozenset(field.alias or name for name, field in fields if _is_injected(field))


def _is_injected(field: FieldInfo) -> bool:
    kind = get_origin(field.annotation) or field.annotation
    if isinstance(kind, type) and issubclass(kind, loaded(InjectedToolArg.__module__, _DIRECTLY)):
        return True
    notes = (note if isinstance(note, type) else type(note) for note in field.metadata)
    return any(issubclass(note, InjectedToolArg) for note in notes)


def description_in(annotation: Any) -> str:
    """What ``Annotated`` says of a field: by pydantic's ``Field``, or as LangChain has it, third."""
    if get_origin(annotation) in (Required, NotRequired, ReadOnly):
        return description_in(get_args(annotation)[0])
    if get_origin(annotation) is not Annotated:
        return ""
    _, *notes = get_args(annotation)
    said = [note.description for note in notes if isinstance(note, FieldInfo) and note.description]
    if not said and len(notes) > 1 and isinstance(notes[1], str):
        said = [notes[1]]
    return said[0] if said else ""


def described_in(annotation: Any, *, with_docstring: bool) -> Iterator[tuple[type, Described]]:
    """Every description in the schema of ``annotation``, once, with the class at the top.

    Args:
        with_docstring: whether that class's own docstring is part of the schema.
    """
    for top, _ in classes_in(annotation):
        for one in _described(top, "", "" if with_docstring else None, set()):
            yield top, one


def _described(kind: type, path: str, own: str | None, seen: set[type]) -> Iterator[Described]:
    """Of a class below ``path``. ``own`` is put behind it for the docstring; None leaves that out."""
    if kind in seen:
        return
    seen.add(kind)
    if own is not None and docstring_of(kind):
        yield Described((kind, ""), ".".join(filter(None, (path, own))), "", docstring_of(kind))
    for field in fields_of(kind):
        inner = ".".join(filter(None, (path, field.name)))
        nested = list(classes_in(field.annotation))
        is_object = any(not how for _, how in nested)
        if field.description.strip():
            yield Described((kind, field.name), inner, "" if is_object else field.name, field.description)
        for one, how in nested:
            hidden = is_object and bool(field.description)
            yield from _described(one, inner, None if hidden else how, seen)


def rewritten(annotation: Any, classes: Mapping[type, type]) -> Any:
    """``annotation`` with other classes in it."""
    if isinstance(annotation, type) and annotation in classes:
        return classes[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if not args or not any(kind in classes for kind, _ in classes_in(annotation)):
        return annotation
    if origin is Annotated:
        return Annotated[(rewritten(args[0], classes), *args[1:])]
    changed = tuple(rewritten(arg, classes) for arg in args)
    if origin in (Union, types.UnionType):
        return Union[changed]  # noqa: UP007
    if origin in _TRANSPARENT:
        return origin[changed[0]]
    return annotation.copy_with(changed) if hasattr(annotation, "copy_with") else origin[changed]
