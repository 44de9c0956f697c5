"""Shape 19: FunctionAgent, ReAct, AgentWorkflow, Workflow, an agent over engines."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from typing import Any

from gepa_llamaindex.testing import Ask, ScriptedLLM, Shape
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from pydantic import Field

from .sources import TEXT_QA, cities

PEOPLE = "How many people live in Lisbon?"
DRAFT_PROMPT = "Write a short draft about the following topic."
FILLED_PROMPT = "Write one line on {topic} as JSON, please: {{}}"
SHARED_TEMPLATE = PromptTemplate("Translate the following line to Portuguese: {line}")
PROMPTS = {"polish_prompt": "Polish the following draft for a demanding reader."}


def population(city: str = Field(description="Name of a city in Portugal.")) -> str:
    """Looks up how many people live in a city.

    Args:
        city: Name of a city in Portugal.
    """
    return f"{city}: half a million"


def calls(tool: str, /, **arguments: Any) -> list[ToolSelection]:
    return [ToolSelection(tool_id="1", tool_name=tool, tool_kwargs=arguments)]


def one_tool_call(ask: Ask) -> str | list[ToolSelection]:
    if ask.has_tool_result or not ask.tools:
        return "Half a million people."
    return calls("population", city="Lisbon")


def function_agent(llm: ScriptedLLM) -> FunctionAgent:
    return FunctionAgent(
        tools=[FunctionTool.from_defaults(population)],
        llm=llm,
        system_prompt="You answer questions about Portugal with the tools that you have.",
    )


def react_reply(ask: Ask) -> str:
    if ask.has_tool_result:
        return "Thought: I can answer.\nAnswer: Half a million people."
    return 'Thought: I need a tool.\nAction: population\nAction Input: {"city": "Lisbon"}'


def react_agent(llm: ScriptedLLM) -> ReActAgent:
    return ReActAgent(
        tools=[FunctionTool.from_defaults(population)],
        llm=llm,
        system_prompt="You answer questions about Portugal with the tools that you have.",
    )


def handing_over(ask: Ask) -> str | list[ToolSelection]:
    if "handoff" not in ask.tools:
        return "Half a million people."
    return calls("handoff", to_agent="counter", reason="it counts")


def team(llm: ScriptedLLM) -> AgentWorkflow:
    guide = FunctionAgent(
        name="guide",
        description="Welcomes people and hands them over.",
        system_prompt="You welcome people and hand every question over.",
        llm=llm,
        can_handoff_to=["counter"],
    )
    counter = FunctionAgent(
        name="counter",
        description="Counts the people of a city.",
        system_prompt="You count people and answer in one short line.",
        llm=llm,
        can_handoff_to=[],
    )
    return AgentWorkflow(agents=[guide, counter], root_agent="guide")


def over_an_engine(llm: ScriptedLLM) -> FunctionAgent:
    return FunctionAgent(
        tools=[cities(llm)], llm=llm, system_prompt="You look everything up in your sources."
    )


def search(ask: Ask) -> str | list[ToolSelection]:
    if ask.has_tool_result or not ask.tools:
        return "Lisbon."
    return calls("cities", input="the capital of Portugal")


class Drafted(Event):
    draft: str


class Writer(Workflow):
    """Prompts in every place where a workflow may keep them."""

    review_prompt = "Say in one line whether the following text is any good."

    def __init__(self, llm: ScriptedLLM) -> None:
        super().__init__(timeout=20)
        self.llm = llm
        self.outline = PromptTemplate("Make an outline in three points for this topic: {topic}")
        self.tone_prompt = "Keep the tone of a friendly letter at all times."

    @step
    async def draft(self, ev: StartEvent) -> Drafted:
        outline = await self.llm.apredict(self.outline, topic=ev.topic)
        draft = await self.llm.acomplete(f"{self.tone_prompt}\n{DRAFT_PROMPT}\n{outline}")
        line = self.llm.complete(FILLED_PROMPT.format(topic=ev.topic))
        return Drafted(draft=f"{draft} {line}")

    @step
    async def finish(self, ctx: Context, ev: Drafted) -> StopEvent:
        del ctx
        polished = await self.llm.acomplete(f"{PROMPTS['polish_prompt']}\n{ev.draft}")
        return StopEvent(result=str(self._review(str(polished))))

    def _review(self, text: str) -> str:
        return translated(self.llm, str(self.llm.complete(f"{self.review_prompt}\n{text}")))


def translated(llm: ScriptedLLM, line: str) -> str:
    """A function of the app's module, which its methods call."""
    return str(llm.predict(SHARED_TEMPLATE, line=line))


async def asked(agent: Any) -> Any:
    """Ask an agent as its users do."""
    return await agent.run(user_msg=PEOPLE)


async def started(workflow: Any) -> Any:
    """Start a workflow as its users do."""
    return await workflow.run(topic="rivers")


def _shape(
    make: Callable[[ScriptedLLM], Any],
    reply: Callable[[Ask], str | list[ToolSelection]],
    *names: str,
    silent: Collection[str] = (),
    steps: Collection[str] = ("model", "tool"),
    inputs: Any = PEOPLE,
    call: Callable[[Any], Any] = asked,
) -> Shape:
    return Shape(
        make=make,
        call=call,
        inputs=inputs,
        names=names,
        silent=silent,
        steps=steps,
        model=lambda: ScriptedLLM(reply=reply),
    )


def _react_texts() -> tuple[str, ...]:
    """Early versions of 0.13 leave the system prompt out of what they send."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the workflow engine looks at every attribute of an agent
        header = react_agent(ScriptedLLM(reply=react_reply)).formatter.system_header
    return ("context", "system_header") if "{context}" in header else ("system_header",)


POPULATION = ("population.description", "population.city")
TEAM = (
    *("guide.system_prompt", "guide.description", "counter.system_prompt", "counter.description"),
    *("handoff", "handoff_output"),
)
WRITER = ("outline", "tone", "review", "draft", "filled", "polish", "shared")
SHAPES = {
    "19 FunctionAgent": _shape(function_agent, one_tool_call, "system", *POPULATION),
    "19 ReAct": _shape(react_agent, react_reply, *_react_texts(), *POPULATION, inputs={"user_msg": PEOPLE}),
    "19 AgentWorkflow": _shape(team, handing_over, *TEAM, silent=("guide.description",)),
    "19 agent over engines": _shape(
        over_an_engine,
        search,
        *("system", "cities.description", *TEXT_QA, "refine"),
        silent=("refine",),
        steps=("model", "tool", "retrieval"),
    ),
    "19 Workflow": _shape(
        Writer, lambda _: "Some text.", *WRITER, steps=("model",), inputs={"topic": "rivers"}, call=started
    ),
}
