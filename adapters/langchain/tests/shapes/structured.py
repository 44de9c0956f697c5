"""Shape 5: bound tools and structured output of every kind of schema."""

from __future__ import annotations

from typing import Annotated, Any

from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from ..scripted import ScriptedModel
from .agents import Answer, add, look_up
from .shape import App, chat_prompt


class Line(BaseModel):
    """One line of an order."""

    article: str = Field(description="What is ordered, by its name in the catalogue.")
    count: int = Field(default=1, description="How many pieces of it.")


class Order(BaseModel):
    """An order as the customer means it."""

    lines: list[Line] = Field(description="Everything that is ordered.")
    gift: Line | None = Field(default=None, description="What comes with it for free.")


class Part(TypedDict):
    """A part of a plan."""

    what: Annotated[str, ..., "What is done in the part."]


class Plan(TypedDict):
    """A plan in parts."""

    parts: Annotated[list[Part], ..., "The parts in their order."]
    due: Annotated[str, ..., "The day on which all is done."]


JSON_SCHEMA = {
    "title": "Note",
    "description": "A note about a customer.",
    "type": "object",
    "properties": {"text": {"type": "string", "description": "The note in one sentence."}},
    "required": ["text"],
}


@tool
def take_order(order: Order) -> str:
    """Take an order from a customer."""
    return f"{len(order.lines)} lines"


def bound_tools(model: ScriptedModel) -> App:
    prompt = chat_prompt("You call tools.")
    return prompt | model.bind_tools([look_up, add])


def structured_output(model: ScriptedModel) -> App:
    prompt = chat_prompt("You fill in forms.")
    return prompt | model.with_structured_output(Answer)


def structured_output_at_call(model: ScriptedModel) -> App:
    def fill_in(given: dict[str, str]) -> Any:
        form_prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
        return (form_prompt | model.with_structured_output(Answer)).invoke(given)

    return RunnableLambda(fill_in)


def nested_output(model: ScriptedModel) -> App:
    return chat_prompt("You take orders.") | model.with_structured_output(Order)


def nested_output_at_call(model: ScriptedModel) -> App:
    def take(given: dict[str, str]) -> Any:
        return model.with_structured_output(Order).invoke(given["question"])

    return RunnableLambda(take)


def typed_dict_output(model: ScriptedModel) -> App:
    return chat_prompt("You make plans.") | model.with_structured_output(Plan)


def typed_dict_output_at_call(model: ScriptedModel) -> App:
    def plan(given: dict[str, str]) -> Any:
        return model.with_structured_output(Plan).invoke(given["question"])

    return RunnableLambda(plan)


def closure_output_at_call(model: ScriptedModel) -> App:
    class Verdict(BaseModel):
        """A verdict about a text."""

        good: bool = Field(description="Whether the text is good.")

    def judge(given: dict[str, str]) -> Any:
        return model.with_structured_output(Verdict).invoke(given["question"])

    return RunnableLambda(judge)


class Extractor:
    """Holds the class that it asks for."""

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        self.schema = Answer

    def __call__(self, given: dict[str, str]) -> Any:
        return self.model.with_structured_output(self.schema).invoke(given["question"])


def attribute_output_at_call(model: ScriptedModel) -> App:
    return RunnableLambda(Extractor(model).__call__)


def json_schema_output(model: ScriptedModel) -> App:
    return chat_prompt("You take notes.") | model.with_structured_output(JSON_SCHEMA)


def nested_tool_arguments(model: ScriptedModel) -> App:
    return chat_prompt("You take orders with a tool.") | model.bind_tools([take_order])


def parser_instructions(model: ScriptedModel) -> App:
    parser = PydanticOutputParser(pydantic_object=Order)

    def prompt(given: dict[str, str]) -> list[tuple[str, str]]:
        return [("system", parser.get_format_instructions()), ("human", given["question"])]

    return RunnableLambda(prompt) | model | parser
