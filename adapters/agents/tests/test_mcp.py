"""Agents over an MCP server, through the in-memory transport of the real client."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from gepa_agents import AgentsAdapter
from gepa_offline import OfflineServer
from mcp import Client
from mcp.server.mcpserver import MCPServer
from openai import AsyncOpenAI
from pydantic import Field

from gepa_core.types import Rollout

from .apps.mcp_agent import McpAgent
from .conftest import REQUEST, wait

NAMES = ["system_prompt", "tool.find_order", "tool.find_order.order_id", "tool.open_case"]


def _server() -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("shop")

    @server.tool(description="Finds an order.")
    def find_order(order_id: Annotated[str, Field(description="Number of the order.")] = "") -> str:
        if order_id == "ORD-0":
            raise ValueError("there is no such order")
        return f"{order_id} is on its way."

    @server.tool(description="Opens a case for a colleague.")
    def open_case(reference: str = "") -> str:
        return f"Opened {reference}."

    return server


def _texts(system: Any, word: str = "") -> dict[str, str]:
    return {component.name: component.text + word for component in system.components}


def _with_agent(offline: OfflineServer, check: Any) -> None:
    """Run ``check(agent, tools)`` with an agent over a live session."""

    async def all_of_it() -> None:
        async with (
            AsyncOpenAI(base_url=offline.base_url, api_key="offline") as client,
            Client(_server()) as session,
        ):
            await check(McpAgent(client, session), (await session.list_tools()).tools)

    wait(all_of_it())


def test_descriptions_are_found_replaced_and_attributed(server: OfflineServer) -> None:
    async def check(agent: McpAgent, tools: Any) -> None:
        system = AgentsAdapter(mcp_tools=tools).wrap(agent)
        assert [component.name for component in system.components] == NAMES
        rollout: Rollout = await system.run(_texts(system, " mark"), REQUEST)
        assert rollout.error is None
        model, tool = rollout.trajectory.steps
        assert json.dumps(model.inputs).count(" mark") == len(NAMES)
        assert list(model.components) == NAMES
        assert (tool.kind, tool.name) == ("tool", "find_order")
        assert isinstance(tool.inputs, dict)
        assert tool.output == f"{tool.inputs['order_id']} is on its way."
        assert tool.components == ("tool.find_order", "tool.find_order.order_id")
        assert isinstance(rollout.output, dict)
        assert rollout.output["result"] == tool.output
        assert agent.session is system.build({}).session

    _with_agent(server, check)


def test_tools_that_the_agent_keeps_are_found_by_themselves(server: OfflineServer) -> None:
    async def check(agent: McpAgent, tools: Any) -> None:
        agent.tools = tools  # type: ignore[attr-defined]
        assert [component.name for component in AgentsAdapter().wrap(agent).components] == NAMES

    _with_agent(server, check)


def test_two_candidates_at_once_see_their_own_descriptions(server: OfflineServer) -> None:
    async def check(agent: McpAgent, tools: Any) -> None:
        system = AgentsAdapter(mcp_tools=tools).wrap(agent)
        runs = [system.run(_texts(system, f" {'ab'[turn % 2]}-mark"), REQUEST) for turn in range(6)]
        for turn, rollout in enumerate(await asyncio.gather(*runs)):
            sent = json.dumps(rollout.trajectory.steps[0].inputs)
            assert sent.count(f" {'ab'[turn % 2]}-mark") == len(NAMES)
            assert f" {'ba'[turn % 2]}-mark" not in sent

    _with_agent(server, check)


def test_the_app_that_comes_back_announces_the_new_descriptions(server: OfflineServer) -> None:
    async def check(agent: McpAgent, tools: Any) -> None:
        system = AgentsAdapter(mcp_tools=tools).wrap(agent)
        app = system.build(_texts(system, " mark"))
        assert type(app) is McpAgent
        listed = await app.session.list_tools()
        assert [tool.description for tool in listed.tools] == [
            "Finds an order. mark",
            "Opens a case for a colleague. mark",
        ]
        assert (await agent.session.list_tools()).tools[0].description == "Finds an order."
        assert (await app.run(REQUEST))["tool"] == "find_order"

    _with_agent(server, check)


def test_an_error_of_a_tool_is_written_down(server: OfflineServer) -> None:
    async def ask_for_nothing(request: str, session: Any) -> str:
        del request
        result = await session.call_tool("find_order", {"order_id": "ORD-0"})
        return str(result.content[0].text)

    async def check(agent: McpAgent, tools: Any) -> None:
        del tools

        async def asks(request: str) -> str:
            return await ask_for_nothing(request, agent.session)

        rollout = await AgentsAdapter().wrap(asks).run({}, REQUEST)
        [step] = rollout.trajectory.steps
        assert "ORD-0" in json.dumps(step.inputs)
        assert step.error != ""
        assert step.error == rollout.output

    _with_agent(server, check)


SEARCH = {"name": "search", "description": "Searches everything there is."}
SCHEMA = {"type": "object", "properties": {"query": {"type": "string", "description": "The words."}}}


@pytest.mark.parametrize(
    "tool",
    [
        SimpleNamespace(**SEARCH, inputSchema=SCHEMA),
        SimpleNamespace(**SEARCH, input_schema=SCHEMA),
        {**SEARCH, "inputSchema": SCHEMA},
    ],
)
def test_both_versions_of_the_protocols_objects_are_read(tool: Any) -> None:
    def asks(request: str) -> str:
        return request

    components = AgentsAdapter(mcp_tools=[tool]).wrap(asks).components
    assert [(one.name, one.text, one.kind) for one in components] == [
        ("tool.search", "Searches everything there is.", "tool_description"),
        ("tool.search.query", "The words.", "argument_description"),
    ]
