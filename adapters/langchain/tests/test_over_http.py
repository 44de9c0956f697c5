"""A chain, an agent and a graph over the real client: what goes over the wire, awaited and streamed too."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import gepa_offline
import httpx
import pytest
from gepa_langchain import LangChainAdapter
from gepa_langchain.system import AsyncSystem, SyncSystem
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph
from pydantic import SecretStr
from typing_extensions import TypedDict

from gepa_core.types import Rollout

from .shapes.agents import look_up
from .shapes.shape import App, chat_prompt
from .shapes.structured import Order

# see test_shapes.py
pytestmark = pytest.mark.filterwarnings("ignore:Direct attribute assignment to ModelRequest")

System = SyncSystem | AsyncSystem


class Wire:
    """The client's own HTTP clients, which keep what is sent."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._lock = threading.Lock()
        self.client = httpx.Client(event_hooks={"request": [self._sent]})
        self.async_client = httpx.AsyncClient(event_hooks={"request": [self._sent_async]})

    def _sent(self, request: httpx.Request) -> None:
        with self._lock:
            self.bodies.append(request.content.decode())

    async def _sent_async(self, request: httpx.Request) -> None:
        self._sent(request)


@attrs.frozen(kw_only=True)
class Case:
    """An app around a model, its inputs, and the components that a run of it sends."""

    make: Callable[[ChatOpenAI], App]
    inputs: Any
    names: tuple[str, ...]
    calls: int


def chain(model: ChatOpenAI) -> App:
    return chat_prompt("You answer briefly.", "Think first. {question}") | model | StrOutputParser()


def agent(model: ChatOpenAI) -> App:
    return create_agent(model, [look_up], system_prompt="You are a careful agent.")


class State(TypedDict, total=False):
    question: str
    plan: str
    answer: str


PLAN_INSTRUCTIONS = "You plan how to answer a question."


def graph(model: ChatOpenAI) -> App:
    write_prompt = chat_prompt("You follow a plan.", "{plan}")

    def plan(state: State) -> State:
        return {
            "plan": model.invoke([SystemMessage(PLAN_INSTRUCTIONS), HumanMessage(state["question"])]).text
        }

    def write(state: State) -> State:
        return {"answer": (write_prompt | model).invoke({"plan": state["plan"]}).text}

    made = StateGraph(State)
    made.add_node("plan", plan)
    made.add_node("write", write)
    made.add_edge(START, "plan")
    made.add_edge("plan", "write")
    return made.compile()


CASES = {
    "lcel": Case(make=chain, inputs={"question": "why?"}, names=("system", "human"), calls=1),
    "create_agent": Case(
        make=agent, inputs={"messages": [("user", "why?")]}, names=("system", "tool.look_up"), calls=1
    ),
    "graph": Case(
        make=graph, inputs={"question": "why?"}, names=("plan_instructions", "write.system"), calls=2
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[gepa_offline.OfflineServer]:
    with gepa_offline.serve(seed=0) as running:
        yield running


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    with made.client:
        yield made


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def _model(server: gepa_offline.OfflineServer, wire: Wire, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=server.base_url,
        api_key=SecretStr("offline"),
        model="simulated-task",
        http_client=wire.client,
        http_async_client=wire.async_client,
        **options,
    )


def _marked(system: System, word: str) -> dict[str, str]:
    return {one.name: f"{one.text} {word}-{one.name}-end" for one in system.components}


def _check(case: Case, wire: Wire, rollouts: dict[str, Rollout]) -> None:
    """Each request had the texts of one candidate; the steps say whose, and what they used."""
    assert len(wire.bodies) == case.calls * len(rollouts)
    assert all(sum(word in body for word in rollouts) == 1 for body in wire.bodies)
    for word, rollout in rollouts.items():
        assert rollout.error is None, rollout.error
        sent = "".join(body for body in wire.bodies if word in body)
        assert [name for name in case.names if f"{word}-{name}-end" not in sent] == []
        steps = rollout.trajectory.steps
        assert {name for step in steps for name in step.components} == set(case.names)
        assert [step.name for step in steps] == ["simulated-task"] * case.calls
        usage = rollout.trajectory.usage
        assert (usage.calls, usage.unmetered) == (case.calls, 0)
        assert usage.input_tokens > 0
        assert usage.output_tokens > 0


def _in_threads(system: System, case: Case) -> dict[str, Rollout]:
    assert isinstance(system, SyncSystem)
    words = ["apple", "berry"]
    with ThreadPoolExecutor(2) as pool:
        return dict(
            zip(
                words,
                pool.map(lambda word: system.run(_marked(system, word), case.inputs), words),
                strict=True,
            )
        )


@pytest.mark.parametrize(
    "options", [{}, {"streaming": True, "stream_usage": True}], ids=["whole", "streamed"]
)
def test_two_candidates_at_once_in_threads(
    case: Case, server: gepa_offline.OfflineServer, wire: Wire, options: dict[str, Any]
) -> None:
    system = LangChainAdapter(mode="sync").wrap(case.make(_model(server, wire, **options)))
    _check(case, wire, _in_threads(system, case))
    assert all(json.loads(body).get("stream", False) == bool(options) for body in wire.bodies)


@pytest.mark.parametrize(
    "options", [{}, {"streaming": True, "stream_usage": True}], ids=["whole", "streamed"]
)
def test_two_candidates_at_once_in_asyncio(
    case: Case, server: gepa_offline.OfflineServer, wire: Wire, options: dict[str, Any]
) -> None:
    system = LangChainAdapter(mode="async").wrap(case.make(_model(server, wire, **options)))
    assert isinstance(system, AsyncSystem)

    async def run() -> list[Rollout]:
        words = ("apple", "berry")
        found = await asyncio.gather(*(system.run(_marked(system, word), case.inputs) for word in words))
        await wire.async_client.aclose()
        return list(found)

    _check(case, wire, dict(zip(("apple", "berry"), asyncio.run(run()), strict=True)))


def test_a_built_app_is_streamed_by_its_user(
    case: Case, server: gepa_offline.OfflineServer, wire: Wire
) -> None:
    app = case.make(_model(server, wire))
    system = LangChainAdapter().wrap(app)
    built = system.build(_marked(system, "apple"))
    chunks = list(built.stream(case.inputs))
    assert type(built) is type(app)
    assert chunks
    assert all(f"apple-{name}-end" in "".join(wire.bodies) for name in case.names)


def test_a_schema_that_the_client_makes_of_a_class_is_sent_with_new_descriptions(
    server: gepa_offline.OfflineServer, wire: Wire
) -> None:
    """Left to itself, the client takes the class and makes the schema when it is called."""
    system = LangChainAdapter().wrap(_model(server, wire).with_structured_output(Order))
    rollout = system.run(_marked(system, "apple"), "A pen, please.")
    assert isinstance(rollout, Rollout)
    names = [one.name for one in system.components]
    assert "schema.Order.lines.article" in names
    assert [name for name in names if f"apple-{name}-end" not in wire.bodies[0]] == []
    assert list(rollout.trajectory.steps[0].components) == names
