"""Classes with other descriptions: the schema changes, and what it reads stays the app's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

import pytest
from gepa_langchain.annotations import described_in
from gepa_langchain.redescribed import described
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict


class Tree(BaseModel):
    """A tree of words."""

    word: str = Field(description="What stands at the node.")
    below: list[Tree] = Field(default=[], description="The nodes below.")


class Strict(BaseModel):
    """A form that takes nothing else."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: str = Field(alias="first name", description="The first name.", min_length=2)
    tree: Tree | None = Field(default=None, description="Some words.")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to call."""

    name: Annotated[str, Field(description="First and last name.")]
    form: Strict | None = None


@dataclass
class Bare:
    name: str


class Note(TypedDict):
    """A note."""

    text: Annotated[str, Field(description="What it says.")]
    about: NotRequired[Annotated[list[Person], Field(description="Who it is about.")]]


class Plan(TypedDict, total=False):
    """A plan, described as LangChain wants it."""

    steps: Annotated[list[str], ..., "The steps in their order."]


def _schema(annotation: Any) -> Any:
    return TypeAdapter(annotation).json_schema()


def _changed(schema: Any, texts: dict[str, str]) -> Any:
    """``schema`` with other descriptions."""
    if isinstance(schema, dict):
        return {
            key: texts.get(held, held) if key == "description" else _changed(held, texts)
            for key, held in schema.items()
        }
    return [_changed(held, texts) for held in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("annotation", [Tree, Strict, Person, Note, Tree | Person, list[Note]], ids=str)
def test_every_description_of_a_schema_is_replaced_and_nothing_else(annotation: Any) -> None:
    found = [one for _, one in described_in(annotation, with_docstring=True)]
    before = _schema(annotation)
    texts = {one.text: f"NEW {number}" for number, one in enumerate(found)}
    made = described(annotation, {one.part: texts[one.text] for one in found})
    assert _schema(made) == _changed(before, texts)
    assert _schema(annotation) == before
    for one in found:
        alone = described(annotation, {one.part: "ALONE"})
        assert _schema(alone) == _changed(before, {one.text: "ALONE"})


def test_descriptions_of_langchains_own_form_are_replaced() -> None:
    made = described(Plan, {(Plan, "steps"): "NEW"})
    assert made.__annotations__["steps"].__metadata__ == (..., "NEW")
    assert made.__total__ is False
    assert Plan.__annotations__ != made.__annotations__


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Strict, {"first name": "Ann", "tree": {"word": "a", "below": [{"word": "b"}]}}),
        (Person, {"name": "Ann"}),
        (Tree, {"word": "a", "below": [{"word": "b"}]}),
    ],
)
def test_what_is_read_is_of_the_apps_own_type(kind: Any, value: Any) -> None:
    parts = {one.part: "NEW" for _, one in described_in(kind, with_docstring=True)}
    made = described(kind, parts)
    read = TypeAdapter(made).validate_python(value)
    assert type(read) is kind
    assert read == TypeAdapter(kind).validate_python(value)
    with pytest.raises(ValueError, match="validation error"):
        TypeAdapter(made).validate_python({"nothing": "of it"})


def test_a_docstring_that_python_wrote_is_no_description() -> None:
    assert list(described_in(Bare, with_docstring=True)) == []


def test_paths_lead_through_fields() -> None:
    found = [one.path for _, one in described_in(Strict, with_docstring=True)]
    assert found == ["", "first name", "tree", "tree.value", "tree.word", "tree.below"]
