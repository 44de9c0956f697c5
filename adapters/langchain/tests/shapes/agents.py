"""Shapes 9, 10 and 12: agents with tools, middleware, response schemas, and agents as tools of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    SummarizationMiddleware,
    TodoListMiddleware,
    dynamic_prompt,
)
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from ..scripted import ScriptedModel
from .shape import App


@tool
def look_up(word: str) -> str:
    """Look up a word in the big dictionary."""
    return f"{word}: a thing"


@tool(parse_docstring=True)
def add(a: int, b: int) -> str:
    """Add two numbers and say the sum.

    Args:
        a: The first of the two numbers.
        b: The second of the two numbers.
    """
    return str(a + b)


class Answer(BaseModel):
    """The answer that the user is given."""

    text: str = Field(description="One sentence that answers the question.")
    sure: bool = Field(default=True, description="Whether there is no doubt about it.")


def two_tools(model: ScriptedModel) -> App:
    return create_agent(model, [look_up, add], system_prompt="You are a careful agent.")


class Politeness(AgentMiddleware[Any, Any]):
    """Appends a line to the system message."""

    def __init__(self) -> None:
        super().__init__()
        self.manner_prompt = "You stay polite whatever happens."

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return handler(request.override(system_message=self._longer(request)))

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        return await handler(request.override(system_message=self._longer(request)))

    def _longer(self, request: Any) -> SystemMessage:
        return SystemMessage(f"{request.system_message.text}\n\n{self.manner_prompt}")


def middleware_and_schema(model: ScriptedModel) -> App:
    return create_agent(
        model,
        [look_up],
        system_prompt="You are a careful agent.",
        middleware=[
            Politeness(),
            TodoListMiddleware(),
            SummarizationMiddleware(
                model=model,
                trigger=("messages", 2),
                keep=("messages", 1),
                summary_prompt="Summarise what was said before, briefly: {messages}",
            ),
        ],
        response_format=Answer,
    )


class AsyncPoliteness(AgentMiddleware[Any, Any]):
    """Appends a line to the system message, in async runs only."""

    def __init__(self) -> None:
        super().__init__()
        self.manner_prompt = "You stay polite whatever happens."

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        longer = SystemMessage(f"{request.system_message.text}\n\n{self.manner_prompt}")
        return await handler(request.override(system_message=longer))


@tool
async def fetch(page: str) -> str:
    """Fetch a page of the web."""
    return f"the page {page}"


def async_tools(model: ScriptedModel) -> App:
    return create_agent(
        model, [fetch], system_prompt="You are a careful agent.", middleware=[AsyncPoliteness()]
    )


def supervisor(model: ScriptedModel) -> App:
    worker = ScriptedModel(answer="worked", script=[("look_up", {"word": "x"})])
    helper = ScriptedModel()
    worker._seen = helper._seen = model._seen  # what any of them is sent
    researcher = create_agent(worker, [look_up], system_prompt="You research facts.", name="researcher")
    writer = create_agent(helper, [], system_prompt="You write texts.", name="writer")

    @tool
    def research(task: str) -> str:
        """Ask the researcher to find out something."""
        return str(researcher.invoke({"messages": [HumanMessage(task)]})["messages"][-1].content)

    @tool
    def write(task: str) -> str:
        """Ask the writer to write something."""
        return str(writer.invoke({"messages": [HumanMessage(task)]})["messages"][-1].content)

    return create_agent(model, [research, write], system_prompt="You lead a team.", name="lead")


class Source(BaseModel):
    """Where a fact is from."""

    page: str = Field(description="The page that says it.")


class Report(BaseModel):
    """A report with its sources."""

    text: str = Field(description="The report in one sentence.")
    sources: list[Source] = Field(description="All that the report is based on.")


class Weather(TypedDict):
    """The weather of a place."""

    city: Annotated[str, Field(description="The place by its name.")]


@dataclass
class Contact:
    """Somebody to call."""

    name: Annotated[str, Field(description="First and last name.")]


def nested_schema(model: ScriptedModel) -> App:
    return create_agent(model, [look_up], system_prompt="You report.", response_format=Report)


def schemas_to_choose_from(model: ScriptedModel) -> App:
    schemas: Any = Answer | Report
    return create_agent(model, [], system_prompt="You report.", response_format=ToolStrategy(schemas))


def tool_strategy(model: ScriptedModel) -> App:
    return create_agent(model, [look_up], system_prompt="You report.", response_format=ToolStrategy(Report))


def provider_strategy(model: ScriptedModel) -> App:
    return create_agent(
        model, [look_up], system_prompt="You report.", response_format=ProviderStrategy(Report)
    )


def typed_dict_schema(model: ScriptedModel) -> App:
    return create_agent(model, [], system_prompt="You forecast.", response_format=Weather)


def dataclass_schema(model: ScriptedModel) -> App:
    return create_agent(model, [], system_prompt="You know people.", response_format=Contact)


DYNAMIC_PROMPT = "You are an agent whose prompt is made when it is called."


@dynamic_prompt
def made_at_call(request: Any) -> str:
    return f"{DYNAMIC_PROMPT}\nMessages so far: {len(request.messages)}"


def dynamic(model: ScriptedModel) -> App:
    return create_agent(model, [look_up], middleware=[made_at_call])
