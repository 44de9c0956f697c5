"""Classes like those of the app, with other descriptions in their schemas."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, create_model
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict, is_typeddict

from gepa_langchain.annotations import Part, classes_in, fields_of, rewritten


def described(annotation: Any, texts: Mapping[Part, str]) -> Any:
    """``annotation`` with classes that have the same names and other descriptions.

    What a model's or dataclass's new class validates becomes an instance of the app's own class, so that
    the app's own type comes out. Classes of which nothing below changes stay.
    """
    needed = [kind for kind in _closure(annotation) if _reaches(kind, texts)]
    made = {kind: _shell(kind, texts) for kind in needed}
    for kind, other in made.items():
        _lead_to(other, kind, made, texts)
    for kind, other in made.items():
        _complete(other, kind)
    return rewritten(annotation, made)


def _closure(annotation: Any) -> list[type]:
    """Every class below an annotation, inner ones first."""
    found: dict[type, None] = {}
    seen: set[type] = set()

    def visit(inner: Any) -> None:
        for kind, _ in classes_in(inner):
            if kind not in seen:
                seen.add(kind)
                for field in fields_of(kind):
                    visit(field.annotation)
                found[kind] = None

    visit(annotation)
    return list(found)


def _reaches(kind: type, texts: Mapping[Part, str]) -> bool:
    changed = {owner for owner, _ in texts}
    return any(one in changed for one in _closure(kind))


def _shell(kind: type, texts: Mapping[Part, str]) -> type:
    """The new class; its annotations still name old ones."""
    docstring = texts.get((kind, ""), kind.__doc__)
    if issubclass(kind, BaseModel):
        made: type = _model(kind, texts)
    elif is_typeddict(kind):
        made = _typed_dict(kind)
    else:
        made = _dataclass(kind)
    made.__doc__ = docstring
    made.__module__ = kind.__module__
    made.__qualname__ = kind.__qualname__
    return made


def _model(kind: type[BaseModel], texts: Mapping[Part, str]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        text = texts.get((kind, field.alias or name))
        if text is not None:
            changed = copy.copy(field)
            changed.description = text
            changed._attributes_set = {**field._attributes_set, "description": text}  # what pydantic merges
            fields[name] = (field.annotation, changed)
    made: type[BaseModel] = create_model(kind.__name__, __base__=kind, __module__=kind.__module__, **fields)
    return made


def _typed_dict(kind: Any) -> type:
    make: Any = TypedDict  # the functional form, with a name that is not a literal
    made: Any = make(kind.__name__, {}, total=kind.__total__)
    made.__required_keys__, made.__optional_keys__ = kind.__required_keys__, kind.__optional_keys__
    same: type = made
    return same


def _dataclass(kind: Any) -> type:
    def own_type(made: Any) -> Any:
        own = object.__new__(kind)
        for field in dataclasses.fields(kind):
            object.__setattr__(own, field.name, getattr(made, field.name))
        return own

    def get_core_schema(cls: type, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del cls
        return core_schema.no_info_after_validator_function(own_type, handler(source))

    return type(kind.__name__, (kind,), {"__get_pydantic_core_schema__": classmethod(get_core_schema)})


def _lead_to(made: Any, kind: type, classes: Mapping[type, type], texts: Mapping[Part, str]) -> None:
    """Let the new class name the new ones, and say what is new of its fields."""
    if issubclass(kind, BaseModel):
        for field in made.model_fields.values():
            field.annotation = rewritten(field.annotation, classes)
        return
    annotations = {
        field.name: _noted(rewritten(field.annotation, classes), texts.get((kind, field.name)))
        for field in fields_of(kind)
    }
    made.__annotations__ = annotations
    if dataclasses.is_dataclass(kind):
        _again(made, kind, annotations)


def _again(made: Any, kind: Any, annotations: Mapping[str, Any]) -> None:
    """Make the fields of a dataclass once more, of other annotations."""
    for field in dataclasses.fields(kind):
        other = copy.copy(field)
        other.type = annotations[field.name]
        made.__dataclass_fields__ = {**made.__dataclass_fields__, field.name: other}


def _noted(annotation: Any, text: str | None) -> Any:
    """``annotation`` with another description."""
    if text is None:
        return annotation
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is not Annotated:
        return origin[_noted(args[0], text)]
    return Annotated[(args[0], *_notes(args[1:], text))]


def _notes(notes: tuple[Any, ...], text: str) -> Iterator[Any]:
    for number, note in enumerate(notes):
        if isinstance(note, FieldInfo) and note.description:
            changed = copy.copy(note)
            changed.description = text
            changed._attributes_set = {**note._attributes_set, "description": text}
            yield changed
        else:
            yield text if number == 1 and isinstance(note, str) else note


def _complete(made: Any, kind: Any) -> None:
    if issubclass(kind, BaseModel):
        made.model_rebuild(force=True)
        made.__pydantic_validator__ = kind.__pydantic_validator__
