"""Agents and workflows: prompts, tools, descriptions, and what they do while they run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.testing import Ask, ScriptedLLM, Shape, check_shape
from llama_index.core import PromptTemplate, VectorStoreIndex
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import FunctionTool, QueryEngineTool
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from pydantic import BaseModel, Field

pytestmark = [
    # The workflow engine looks at every attribute of an agent, at those that pydantic has given up too.
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning"),
    # LlamaIndex's own ReAct agent asks whether it is running, from within itself.
    pytest.mark.filterwarnings("ignore:is_running called:DeprecationWarning"),
]

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


def call(tool: str, /, **arguments: Any) -> list[ToolSelection]:
    return [ToolSelection(tool_id="1", tool_name=tool, tool_kwargs=arguments)]


def one_tool_call(ask: Ask) -> str | list[ToolSelection]:
    if ask.has_tool_result or not ask.tools:
        return "Half a million people."
    return call("population", city="Lisbon")


def function_agent(llm: ScriptedLLM) -> FunctionAgent:
    return FunctionAgent(
        tools=[FunctionTool.from_defaults(population)],
        llm=llm,
        system_prompt="You answer questions about Portugal with the tools that you have.",
    )


FUNCTION_AGENT = ("system", "population.description", "population.city")


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
    return call("handoff", to_agent="counter", reason="it counts")


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


def over_an_engine(index: VectorStoreIndex, llm: ScriptedLLM) -> FunctionAgent:
    tool = QueryEngineTool.from_defaults(
        index.as_query_engine(llm=llm), name="cities", description="Answers questions about cities."
    )
    return FunctionAgent(tools=[tool], llm=llm, system_prompt="You look everything up in your sources.")


def search(ask: Ask) -> str | list[ToolSelection]:
    if ask.has_tool_result or not ask.tools:
        return "Lisbon."
    return call("cities", input="the capital of Portugal")


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


WRITER = ("outline", "tone", "review", "draft", "filled", "polish", "shared")


def test_function_agent() -> None:
    check_shape(
        Shape(
            make=function_agent,
            model=lambda: ScriptedLLM(reply=one_tool_call),
            inputs="How many people live in Lisbon?",
            names=FUNCTION_AGENT,
            steps=("model", "tool"),
        )
    )


def test_react_agent() -> None:
    # Early versions of 0.13 leave the system prompt out of what they send.
    header = react_agent(ScriptedLLM(reply=react_reply)).formatter.system_header
    sent = ("context",) if "{context}" in header else ()
    check_shape(
        Shape(
            make=react_agent,
            model=lambda: ScriptedLLM(reply=react_reply),
            inputs={"user_msg": "How many people live in Lisbon?"},
            names=(*sent, "system_header", "population.description", "population.city"),
            steps=("model", "tool"),
        )
    )


def test_agents_that_hand_over() -> None:
    check_shape(
        Shape(
            make=team,
            model=lambda: ScriptedLLM(reply=handing_over),
            inputs="How many people live in Lisbon?",
            names=(
                "guide.system_prompt",
                "guide.description",
                "counter.system_prompt",
                "counter.description",
                "handoff",
                "handoff_output",
            ),
            silent=("guide.description",),
            steps=("model", "tool"),
        )
    )


def test_agent_over_a_query_engine(index: VectorStoreIndex) -> None:
    system = check_shape(
        Shape(
            make=lambda llm: over_an_engine(index, llm),
            model=lambda: ScriptedLLM(reply=search),
            inputs="Which is the capital?",
            names=("system", "cities.description", "text_qa.system", "text_qa.user", "refine"),
            silent=("refine",),
            steps=("model", "tool", "retrieval"),
        )
    )
    assert system.call.is_async


def test_workflow() -> None:
    check_shape(
        Shape(
            make=Writer,
            model=lambda: ScriptedLLM(reply=lambda _: "Some text."),
            inputs={"topic": "rivers"},
            names=WRITER,
        )
    )


class Town(BaseModel):
    """Facts about one town, none of them invented."""

    name: str = Field(description="The name of the town in Portuguese.")
    river: str


def test_structured_output(index: VectorStoreIndex) -> None:
    town = {"name": "Lisboa", "river": "Tejo"}

    def reply(ask: Ask) -> str | list[ToolSelection]:
        return call("Town", **town) if ask.tools else json.dumps(town)

    system = check_shape(
        Shape(
            make=lambda llm: index.as_query_engine(llm=llm, output_cls=Town),
            model=lambda: ScriptedLLM(reply=reply),
            inputs="Which is the capital?",
            names=("text_qa.system", "text_qa.user", "refine", "Town.schema", "Town.name"),
            silent=("refine",),
            steps=("model", "retrieval"),
        )
    )
    kinds = {one.name: one.kind for one in system.components}
    assert kinds["Town.schema"] == kinds["Town.name"] == "schema_description"


def test_an_error_in_a_tool_is_a_step_with_an_error() -> None:
    def broken(city: str) -> str:
        """Looks up how many people live in a city."""
        raise ValueError(f"nobody counts in {city}")

    def reply(ask: Ask) -> str | list[ToolSelection]:
        return "I do not know." if ask.has_tool_result else call("broken", city="Faro")

    agent = FunctionAgent(tools=[broken], llm=ScriptedLLM(reply=reply))
    rollout = run_async(LlamaIndexAdapter().wrap(agent), "How many?")
    assert rollout.error is None
    [tool] = [one for one in rollout.trajectory.steps if one.kind == "tool"]
    assert tool.inputs == {"city": "Faro"}
    assert "nobody counts in Faro" in tool.error


def test_a_failing_model_is_the_rollouts_error_with_what_was_captured() -> None:
    def reply(ask: Ask) -> str | list[ToolSelection]:
        if ask.has_tool_result:
            raise ConnectionError("the provider is down")
        return one_tool_call(ask)

    for streaming in (True, False):
        agent = function_agent(ScriptedLLM(reply=reply))
        if "streaming" in type(agent).model_fields:  # from 0.13.1
            agent.streaming = streaming
        rollout = run_async(LlamaIndexAdapter().wrap(agent), "How many?")
        # Workflows before 2.0 wrap the errors of their steps.
        assert ConnectionError in (type(rollout.error), type(rollout.error.__cause__))
        assert [one.kind for one in rollout.trajectory.steps] == ["model", "tool", "model"]
        assert "the provider is down" in rollout.trajectory.steps[-1].error


def run_async(system: Any, inputs: Any) -> Any:
    import asyncio

    async def run() -> Any:
        return await system.run({}, inputs)

    return asyncio.run(run())


def test_a_workflow_without_a_mapping_says_what_it_wants() -> None:
    from gepa_core.errors import ConfigurationError

    system = LlamaIndexAdapter().wrap(Writer(ScriptedLLM(reply=lambda _: "")))
    with pytest.raises(ConfigurationError, match="keyword arguments"):
        run_async(system, "rivers")
