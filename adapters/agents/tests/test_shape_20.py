"""Shape 20, agents without a framework: a raw OpenAI loop; an async class agent; one over MCP.

What was sent is read from the requests themselves, not from the trajectory.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import attrs
import httpx
import pytest
from gepa_agents import AgentsAdapter
from gepa_agents.clients import StandIn
from gepa_agents.standins import inner_of
from gepa_agents.system import AgentSystem
from gepa_offline import OfflineServer
from mcp import Client
from openai import AsyncOpenAI, OpenAI

from gepa_core.types import Rollout, Step

from .apps import function_loop, mcp_agent
from .apps.async_agent import AsyncSupport
from .apps.mcp_agent import McpAgent
from .apps.shop import TOOL_NAMES, TOOLS
from .conftest import LOOP, REQUEST, run, wait
from .test_mcp import NAMES as MCP_NAMES
from .test_mcp import _server as mcp_server

TOOL = ("tool.find_order", "tool.find_order.order_id")


@attrs.frozen(kw_only=True, eq=False)
class Agent:
    """One of the three.

    Attributes:
        target: what is optimised.
        names: its components.
        client: what it reaches the model with.
        held: what the agent has, by which it is seen that it stays as it was.
        sent: bodies of the requests so far, oldest first.
    """

    target: Any
    names: tuple[str, ...]
    client: OpenAI | AsyncOpenAI
    held: Callable[[], Any]
    sent: list[str]
    options: dict[str, Any] = attrs.field(factory=dict)

    @property
    def system(self) -> AgentSystem:
        return AgentsAdapter(**self.options).wrap(self.target)

    @property
    def is_async(self) -> bool:
        return isinstance(self.client, AsyncOpenAI)

    def marked(self, word: str) -> dict[str, str]:
        """The agent's texts, each with a mark of its own."""
        parts = self.system.components
        return {part.name: f"{part.text} {word}{number}x" for number, part in enumerate(parts)}

    def ask(self, app: Any) -> Any:
        """What the app answers when it is called as the user does."""
        answer = app.run(REQUEST) if hasattr(app, "run") else app(REQUEST)
        return wait(answer) if inspect.iscoroutine(answer) else answer


def _raw_loop(server: OfflineServer, patch: pytest.MonkeyPatch, stack: AsyncExitStack) -> Agent:
    sent: list[str] = []
    http = httpx.Client(event_hooks={"request": [lambda request: sent.append(request.content.decode())]})
    stack.callback(http.close)
    client = OpenAI(base_url=server.base_url, api_key="offline", http_client=http)
    patch.setattr(function_loop, "client", client)
    return Agent(
        target=function_loop.agent,
        names=("system_prompt", *TOOL_NAMES),
        client=client,
        held=lambda: (function_loop.SYSTEM_PROMPT, TOOLS, function_loop.FUNCTIONS),
        sent=sent,
    )


async def _async_client(server: OfflineServer, stack: AsyncExitStack) -> tuple[AsyncOpenAI, list[str]]:
    sent: list[str] = []

    async def note(request: httpx.Request) -> None:
        sent.append(request.content.decode())

    http = await stack.enter_async_context(httpx.AsyncClient(event_hooks={"request": [note]}))
    return AsyncOpenAI(base_url=server.base_url, api_key="offline", http_client=http), sent


async def _async_class(server: OfflineServer, patch: pytest.MonkeyPatch, stack: AsyncExitStack) -> Agent:
    del patch
    client, sent = await _async_client(server, stack)
    target = AsyncSupport(client)
    return Agent(
        target=target,
        names=("choose", "summarise", *TOOL_NAMES),
        client=client,
        held=lambda: vars(target),
        sent=sent,
    )


async def _over_mcp(server: OfflineServer, patch: pytest.MonkeyPatch, stack: AsyncExitStack) -> Agent:
    del patch
    client, sent = await _async_client(server, stack)
    session = await stack.enter_async_context(Client(mcp_server()))
    target = McpAgent(client, session)
    return Agent(
        target=target,
        names=tuple(MCP_NAMES),
        client=client,
        held=lambda: (mcp_agent.SYSTEM_PROMPT, vars(target)),
        sent=sent,
        options={"mcp_tools": (await session.list_tools()).tools},
    )


AGENTS: dict[str, Callable[..., Any]] = {
    "a raw OpenAI loop": _raw_loop,
    "an async class agent": _async_class,
    "one over MCP": _over_mcp,
}


@pytest.fixture(params=AGENTS)
def agent(
    request: pytest.FixtureRequest, server: OfflineServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Agent]:
    """Each of the three in turn, open for one test in a task of its own, as sessions want it."""
    loop = LOOP.get_loop()
    ready: asyncio.Future[Agent] = loop.create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with AsyncExitStack() as stack:
            made = AGENTS[request.param](server, monkeypatch, stack)
            ready.set_result(await made if inspect.isawaitable(made) else made)
            await over.wait()

    task = loop.create_task(hold())
    yield wait(_result(ready))
    over.set()
    wait(_result(task))


async def _result(future: Any) -> Any:
    return await future


def models(rollout: Rollout) -> list[Step]:
    return [step for step in rollout.trajectory.steps if step.kind == "model"]


def test_every_text_is_found(agent: Agent) -> None:
    assert tuple(part.name for part in agent.system.components) == agent.names


def test_every_mark_reaches_the_model(agent: Agent) -> None:
    texts = agent.marked("mark")
    agent.sent.clear()
    run(agent.system, texts)
    everything = "\n".join(agent.sent)
    assert [number for number in range(len(texts)) if f"mark{number}x" not in everything] == []


def test_model_calls_are_attributed_and_counted_once(agent: Agent) -> None:
    texts = agent.marked("mark")
    agent.sent.clear()
    steps = models(run(agent.system, texts))
    assert len(steps) == len(agent.sent)
    for step, body in zip(steps, agent.sent, strict=True):
        assert set(step.components) == {name for number, name in enumerate(texts) if f"mark{number}x" in body}
        assert (step.usage.calls, step.usage.unmetered) == (1, 0)
        assert step.usage.input_tokens > 0


def test_tools_are_captured_with_what_went_in_and_out(agent: Agent) -> None:
    steps = run(agent.system, {}).trajectory.steps
    tools = [step for step in steps if step.kind == "tool"]
    assert tools
    for step in tools:
        assert (step.name, step.error) == ("find_order", "")
        assert isinstance(step.inputs, dict)
        assert str(step.inputs["order_id"]) in json.dumps(step.output)
        assert step.components == TOOL
    assert steps[0].kind == "model"


def test_two_candidates_at_once_never_see_each_others_texts(agent: Agent) -> None:
    system: Any = agent.system
    words = ("alpha", "omega")
    candidates = [agent.marked(word) for word in words]
    agent.sent.clear()

    async def on_one_loop() -> list[Rollout]:
        if agent.is_async:
            return list(
                await asyncio.gather(*(system.run(candidates[turn % 2], REQUEST) for turn in range(8)))
            )
        runs = (asyncio.to_thread(system.run, candidates[turn % 2], REQUEST) for turn in range(8))
        return list(await asyncio.gather(*runs))

    rollouts: list[Rollout] = wait(on_one_loop())
    if not agent.is_async:
        with ThreadPoolExecutor(4) as pool:
            rollouts += pool.map(lambda turn: run(system, candidates[turn % 2]), range(8))
    for turn, rollout in enumerate(rollouts):
        assert rollout.error is None
        text = json.dumps([step.inputs for step in models(rollout)])
        assert words[turn % 2] in text
        assert words[1 - turn % 2] not in text
    assert all(("alpha" in body) != ("omega" in body) for body in agent.sent)
    assert len(agent.sent) == sum(len(models(rollout)) for rollout in rollouts)


def test_the_agent_itself_stays_as_it_was(agent: Agent) -> None:
    before = copy.copy(agent.held())
    shown = repr(before)
    answer = agent.ask(agent.target)
    system = agent.system
    run(system, agent.marked("mark"))
    system.build(agent.marked("mark"))
    assert agent.held() == before
    assert repr(agent.held()) == shown
    agent.sent.clear()
    assert agent.ask(agent.target) == answer
    assert "mark" not in "\n".join(agent.sent)


def test_the_app_that_comes_back_is_of_the_same_type_and_asks_with_the_new_texts(agent: Agent) -> None:
    app = agent.system.build(agent.marked("mark"))
    assert type(app) is type(agent.target)
    agent.sent.clear()
    assert agent.ask(app)
    assert "mark0x" in agent.sent[0]


def test_no_client_is_copied_or_made(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a client was copied")

    kind: Any = type(agent.client)
    for name in ("__init__", "copy", "with_options"):
        monkeypatch.setattr(kind, name, refuse)
    for name in ("__copy__", "__deepcopy__", "__reduce_ex__"):
        monkeypatch.setattr(kind, name, refuse, raising=False)
    system = agent.system
    run(system, agent.marked("mark"))
    app = system.build(agent.marked("mark"))
    held = app.client if hasattr(app, "client") else app.__globals__["client"]
    # Texts that no object holds, such as descriptions that a server announces, need a stand-in before it.
    assert (inner_of(held) if isinstance(held, StandIn) else held) is agent.client
    assert not isinstance(held, StandIn) or agent.options
