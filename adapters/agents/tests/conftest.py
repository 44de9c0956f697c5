"""The simulated model on loopback, and every agent of `apps` in front of it."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Coroutine, Iterator
from types import ModuleType
from typing import Any, Protocol

import attrs
import pytest
from gepa_agents import AgentsAdapter
from gepa_agents.system import AgentSystem
from gepa_offline import OfflineServer, domain, serve
from openai import AsyncOpenAI, OpenAI

from gepa_core.types import Rollout

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # importing litellm would ask the network

from .apps import async_agent, class_agent, explicit, function_loop, litellm_loop, literals
from .apps.shop import TOOL_NAMES

REQUEST: str = next(
    row["inputs"]["request"]
    for row in domain("tool_use").train
    if "Where is my order" in row["inputs"]["request"]
)


@pytest.fixture(scope="session")
def server() -> Iterator[OfflineServer]:
    with serve() as running:
        yield running


LOOP = asyncio.Runner()
"""One event loop for all tests, because async clients belong to the loop that first used them."""


def wait(work: Coroutine[Any, Any, Any]) -> Any:
    """What ``work`` returns."""
    return LOOP.run(work)


@pytest.fixture(scope="session", autouse=True)
def _event_loop() -> Iterator[None]:
    import litellm

    asyncio.set_event_loop(LOOP.get_loop())  # litellm's sync calls use the thread's event loop, too
    yield
    wait(litellm.close_litellm_async_clients())  # type: ignore[attr-defined,no-untyped-call]
    LOOP.close()


@attrs.frozen(kw_only=True)
class Shape:
    """An agent, and what is to be found in it.

    Attributes:
        target: what is optimised.
        client: what it reaches the model with, which no copy may copy.
        names: its components.
        tools: whether its tools are recorded.
    """

    target: Any
    client: Any = None
    names: tuple[str, ...]
    options: dict[str, Any] = attrs.field(factory=dict)
    tools: bool = False

    @property
    def system(self) -> AgentSystem:
        return AgentsAdapter(**self.options).wrap(self.target)


def run(system: Any, texts: dict[str, str], inputs: Any = REQUEST) -> Rollout:
    """One rollout, whatever kind of system it is, which must have succeeded."""
    result = system.run(texts, inputs)
    rollout = wait(result) if inspect.iscoroutine(result) else result
    assert isinstance(rollout, Rollout)
    if rollout.error is not None:
        raise rollout.error
    return rollout


class Provider(Protocol):
    """A provider that a test plays, and clients of it."""

    def client(self) -> Any: ...

    def async_client(self) -> Any: ...


def agent_of(way: Callable[..., Any], provider: Provider) -> Any:
    """An agent that asks ``provider`` in one ``way``: a function of a client and a question."""
    client: Any = provider.async_client() if inspect.iscoroutinefunction(way) else provider.client()

    def agent(question: str) -> Any:
        return way(client, question)

    async def async_agent(question: str) -> Any:
        return await way(client, question)

    return async_agent if inspect.iscoroutinefunction(way) else agent


def _function_loop(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    client = _client(server, patch, function_loop)
    names = ("system_prompt", *TOOL_NAMES)
    return Shape(target=function_loop.agent, client=client, names=names, tools=True)


def _client(server: OfflineServer, patch: pytest.MonkeyPatch, module: ModuleType) -> OpenAI:
    client = OpenAI(base_url=server.base_url, api_key="offline")
    patch.setattr(module, "client", client)
    return client


def _class_agent(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    del patch
    client = OpenAI(base_url=server.base_url, api_key="offline")
    names = ("tool.find_order", "tool.find_order.order_id", "tool.open_case", "tool.open_case.reference")
    return Shape(
        target=class_agent.SupportAgent(client),
        client=client,
        names=("instructions", "persona", *names, "greeting"),
        tools=True,
    )


def _async_agent(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    del patch
    client = AsyncOpenAI(base_url=server.base_url, api_key="offline")
    names = ("choose", "summarise", *TOOL_NAMES)
    return Shape(target=async_agent.AsyncSupport(client), client=client, names=names, tools=True)


def _litellm(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    patch.setattr(litellm_loop, "BASE_URL", server.base_url)
    return Shape(target=litellm_loop.agent, names=("system",))


def _litellm_async(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    patch.setattr(litellm_loop, "BASE_URL", server.base_url)
    return Shape(target=litellm_loop.async_agent, names=("system",))


def _literals(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    client = _client(server, patch, literals)
    names = ("agent.system", "agent.system-2", "tool.find_order", "tool.find_order.order_id")
    return Shape(target=literals.agent, client=client, names=names)


def _mapping(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    client = _client(server, patch, explicit)
    options = {"prompts": explicit.DEFAULTS}
    return Shape(target=explicit.with_mapping, client=client, names=("system", "ask"), options=options)


def _default_mapping(server: OfflineServer, patch: pytest.MonkeyPatch) -> Shape:
    client = _client(server, patch, explicit)
    return Shape(target=explicit.with_default, client=client, names=("system", "ask"))


Maker = Callable[[OfflineServer, pytest.MonkeyPatch], Shape]
SHAPES: dict[str, Maker] = {
    "a function": _function_loop,
    "an object": _class_agent,
    "an async object": _async_agent,
    "litellm": _litellm,
    "async litellm": _litellm_async,
    "literals": _literals,
    "a mapping": _mapping,
    "a default mapping": _default_mapping,
}


@pytest.fixture(params=SHAPES)
def shape(
    request: pytest.FixtureRequest, server: OfflineServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shape]:
    """Each of the agents in turn."""
    shape = SHAPES[request.param](server, monkeypatch)
    yield shape
    if isinstance(shape.client, AsyncOpenAI):
        wait(shape.client.close())
    elif shape.client is not None:
        shape.client.close()
