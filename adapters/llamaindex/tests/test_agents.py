"""What agents and workflows do when something in them fails, and what they are started with."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.testing import Ask, ScriptedLLM
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms.llm import ToolSelection

from gepa_core.errors import ConfigurationError

from .shapes.agents import Writer, calls, function_agent, one_tool_call

# The workflow engine looks at every attribute of an agent, at those that pydantic has given up too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")


def test_an_error_in_a_tool_is_a_step_with_an_error() -> None:
    def broken(city: str) -> str:
        """Looks up how many people live in a city."""
        raise ValueError(f"nobody counts in {city}")

    def reply(ask: Ask) -> str | list[ToolSelection]:
        return "I do not know." if ask.has_tool_result else calls("broken", city="Faro")

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
    async def run() -> Any:
        return await system.run({}, inputs)

    return asyncio.run(run())


def test_a_workflow_without_a_mapping_says_what_it_wants() -> None:
    system = LlamaIndexAdapter().wrap(Writer(ScriptedLLM(reply=lambda _: "")))
    with pytest.raises(ConfigurationError, match="keyword arguments"):
        run_async(system, "rivers")
