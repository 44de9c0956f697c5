"""Descriptions in schemas: of pydantic classes, TypedDicts and dataclasses, wherever they are nested."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any, Literal

from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.schemas import described
from gepa_llamaindex.testing import ScriptedLLM
from llama_index.core.program import FunctionCallingProgram, LLMTextCompletionProgram
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict


@dataclasses.dataclass
class Street:
    """A street of the old town."""

    name: str = Field(default="", description="Name of the street as on its sign.")


class House(TypedDict):
    """A house with people in it."""

    number: Annotated[int, Field(description="Number over the door.")]


class Family(BaseModel):
    """People who live together."""

    street: Street
    houses: list[House]
    names: list[Annotated[str, Field(description="A first name.")]]
    pet: Literal["cat", "dog"] | None = Field(default=None, description="The pet, if there is one.")


NESTED = {
    "Family.schema": "People who live together.",
    "Family.names": "A first name.",
    "Family.pet": "The pet, if there is one.",
    "Street.schema": "A street of the old town.",
    "Street.name": "Name of the street as on its sign.",
    "House.schema": "A house with people in it.",
    "House.number": "Number over the door.",
}
FAMILY: dict[str, Any] = {"street": {"name": "Rua"}, "houses": [{"number": 3}], "names": ["Ana"]}


def test_descriptions_of_nested_classes_are_components_of_their_own() -> None:
    llm = ScriptedLLM(reply=lambda _: json.dumps(FAMILY))
    program = LLMTextCompletionProgram.from_defaults(
        output_cls=Family, llm=llm, prompt_template_str="Invent a family that lives in {town}, please."
    )
    system = LlamaIndexAdapter().wrap(program)
    found = {one.name: one.text for one in system.components if one.kind == "schema_description"}
    assert found == NESTED
    texts = {name: f"MARK-{name}" for name in NESTED}
    built = system.build(texts)
    output = built(town="Faro")
    assert all(mark in llm.seen[-1].text for mark in texts.values())
    assert not any(text in llm.seen[-1].text for text in NESTED.values())
    assert (type(output), output) == (Family, Family.model_validate(FAMILY))
    assert type(output.street) is Street
    program(town="Faro")
    assert all(text in llm.seen[-1].text for text in NESTED.values())


class Visit(BaseModel):
    street: Street
    house: House
    greeting: str = Field(description="What to say at the door.")


def visit(street: Any, house: Any, greeting: str) -> str:
    """Visit somebody at home."""
    return f"{greeting} {street} {house}"


def test_arguments_of_tools_are_described_below_the_first_level_too() -> None:
    system = LlamaIndexAdapter().wrap(FunctionTool.from_defaults(visit, fn_schema=Visit))
    arguments = [one for one in system.components if one.kind == "argument_description"]
    assert {one.name for one in arguments} == {
        *("visit.greeting", "Street.schema", "Street.name", "House.schema", "House.number")
    }
    built = system.build({"Street.name": "MARK-1", "House.number": "MARK-2", "visit.greeting": "MARK-3"})
    sent = json.dumps(built.metadata.to_openai_tool())
    assert all(mark in sent for mark in ("MARK-1", "MARK-2", "MARK-3"))
    assert "Name of the street" not in sent
    assert built.call(street={}, house=4, greeting="Hello").content == "Hello {} 4"


def test_two_programs_share_what_the_same_class_says() -> None:
    llm = ScriptedLLM(reply=lambda _: "")

    class Village(BaseModel):
        streets: list[Street]

    programs = [
        FunctionCallingProgram.from_defaults(output_cls=kind, llm=llm, prompt_template_str="Invent one {x}.")
        for kind in (Family, Village)
    ]

    def app(which: int) -> Any:
        return programs[which].output_cls.model_json_schema()

    system = LlamaIndexAdapter().wrap(app)
    assert [one.name for one in system.components if one.name.startswith("Street")] == [
        "Street.schema",
        "Street.name",
    ]
    built = system.build({"Street.name": "MARK"})
    assert "MARK" in json.dumps(built(0))
    assert "MARK" in json.dumps(built(1))


def test_a_class_with_other_descriptions_passes_for_the_apps_own() -> None:
    made = described(Family, {(): "Another text.", ("properties", "pet"): "A beast.", ("$defs", "None"): "x"})
    shown = made.model_json_schema()
    assert (shown["description"], shown["properties"]["pet"]["description"]) == ("Another text.", "A beast.")
    family = made(**FAMILY)
    assert type(family) is Family
    assert isinstance(family, made)
    assert made.model_validate(FAMILY) == Family.model_validate(FAMILY)
    assert (made.__name__, made.__module__) == (Family.__name__, Family.__module__)
    assert issubclass(made, Family)
    assert "description" not in Family.model_json_schema()["properties"]["names"]
