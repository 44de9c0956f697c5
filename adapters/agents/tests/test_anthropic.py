"""Anthropic's client: whole answers, streams and its stream helper are recorded once, and handed on."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from gepa_agents import AgentsAdapter

from gepa_core.types import Usage

from .conftest import agent_of, run, wait

SYSTEM = "You know every town of Portugal."
NEW = "You know every river."
USED = Usage(calls=1, input_tokens=7, output_tokens=3, unpriced=1)
UNKNOWN = Usage(calls=1, unmetered=1, unpriced=1)
TOOLS: list[Any] = [{"name": "look_up", "description": "Looks up.", "input_schema": {"type": "object"}}]
BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": "Let me see."},
    {"type": "tool_use", "id": "t1", "name": "look_up", "input": {"town": "Porto"}},
    {"type": "tool_use", "id": "t2", "name": "look_up", "input": {}},
]
OUTPUT = {
    "text": "Let me see.",
    "tool_calls": [{"name": "look_up", "args": {"town": "Porto"}}, {"name": "look_up", "args": {}}],
}


# a provider ------------------------------------------------------------------------


def _events(blocks: list[dict[str, Any]], whole: dict[str, Any]) -> list[dict[str, Any]]:
    begun = {**whole, "content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            empty, half = {**block, "text": ""}, len(block["text"]) // 2
            parts = (block["text"][:half], block["text"][half:])
            deltas = [{"type": "text_delta", "text": part} for part in parts]
        else:
            empty, code = {**block, "input": {}}, json.dumps(block["input"]) if block["input"] else ""
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in (code[:4], code[4:])]
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    return [
        *events,
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]


class Provider:
    """What was sent to it, and clients of it."""

    def __init__(self, blocks: list[dict[str, Any]], *, status: int = 200) -> None:
        self.sent: list[dict[str, Any]] = []
        self._blocks = blocks
        self._status = status

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.sent.append(body)
        if self._status != 200:
            return httpx2.Response(self._status, json={"type": "error", "error": {"message": "no"}})
        whole = {
            "id": "a",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": self._blocks,
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 7, "output_tokens": 3},
        }
        if not body.get("stream"):
            return httpx2.Response(200, json=whole)
        events = _events(self._blocks, whole)
        lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
        return httpx2.Response(
            200, content="".join(lines), headers={"content-type": "text/event-stream", "request-id": "r"}
        )

    async def answer_later(self, request: httpx2.Request) -> httpx2.Response:
        return self.answer(request)

    def client(self) -> Anthropic:
        transport = httpx2.MockTransport(self.answer)
        return Anthropic(
            base_url="http://p", api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport)
        )

    def async_client(self) -> AsyncAnthropic:
        transport = httpx2.MockTransport(self.answer_later)
        http_client = httpx2.AsyncClient(transport=transport)
        return AsyncAnthropic(base_url="http://p", api_key="k", max_retries=0, http_client=http_client)


# ways of asking ------------------------------------------------------------------------


def asked(question: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    return {"model": "m", "max_tokens": 9, "system": SYSTEM, "messages": messages, "tools": TOOLS}


def blocks_of(message: Any) -> list[dict[str, Any]]:
    return [block.model_dump(include=set(BLOCKS[0]) | set(BLOCKS[1])) for block in message.content]


def create(client: Anthropic, question: str) -> Any:
    return blocks_of(client.messages.create(**asked(question)))


def beta_create(client: Anthropic, question: str) -> Any:
    return blocks_of(client.beta.messages.create(**asked(question)))


def create_stream(client: Anthropic, question: str) -> Any:
    stream: Any = client.messages.create(**asked(question), stream=True)
    assert [event.type for event in stream][-1] == "message_stop"
    return BLOCKS


def helper(client: Anthropic, question: str) -> Any:
    with client.messages.stream(**asked(question)) as stream:
        assert stream.response.headers["request-id"] == "r"
        return blocks_of(stream.get_final_message())


def helper_text(client: Anthropic, question: str) -> Any:
    with client.messages.stream(**asked(question)) as stream:
        assert "".join(stream.text_stream) == "Let me see."
        return blocks_of(stream.get_final_message())


def helper_events(client: Anthropic, question: str) -> Any:
    with client.messages.stream(**asked(question)) as stream:
        assert "text" in {event.type for event in stream}
        return blocks_of(stream.current_message_snapshot)


def beta_helper(client: Anthropic, question: str) -> Any:
    with client.beta.messages.stream(**asked(question)) as stream:
        return blocks_of(stream.get_final_message())


async def async_create_stream(client: AsyncAnthropic, question: str) -> Any:
    stream: Any = await client.messages.create(**asked(question), stream=True)
    assert [event.type async for event in stream][-1] == "message_stop"
    return BLOCKS


async def async_helper(client: AsyncAnthropic, question: str) -> Any:
    async with client.messages.stream(**asked(question)) as stream:
        assert "".join([text async for text in stream.text_stream]) == "Let me see."
        return blocks_of(await stream.get_final_message())


async def async_beta_helper(client: AsyncAnthropic, question: str) -> Any:
    async with client.beta.messages.stream(**asked(question)) as stream:
        return blocks_of(await stream.get_final_message())


WAYS: list[Callable[..., Any]] = [
    create,
    beta_create,
    create_stream,
    helper,
    helper_text,
    helper_events,
    beta_helper,
    async_create_stream,
    async_helper,
    async_beta_helper,
]


@pytest.mark.parametrize("way", WAYS)
def test_the_call_is_one_step_with_answer_tools_usage_and_components(way: Callable[..., Any]) -> None:
    provider = Provider(BLOCKS)
    rollout = run(AgentsAdapter().wrap(agent_of(way, provider)), {"system": NEW}, "Where?")
    assert rollout.output == BLOCKS
    (step,) = rollout.trajectory.steps
    assert (step.kind, step.name, step.output, step.error) == ("model", "m", OUTPUT, "")
    assert (step.components, step.usage) == (("system", "tool.look_up"), USED)
    assert NEW in json.dumps(step.inputs)
    assert "look_up" in json.dumps(step.inputs)
    assert [body["system"] for body in provider.sent] == [NEW]


@pytest.mark.parametrize("way", WAYS)
def test_the_app_that_comes_back_asks_in_the_same_way(way: Callable[..., Any]) -> None:
    provider = Provider(BLOCKS)
    answer = AgentsAdapter().wrap(agent_of(way, provider)).build({"system": NEW})("Where?")
    assert (wait(answer) if inspect.iscoroutine(answer) else answer) == BLOCKS
    assert [body["system"] for body in provider.sent] == [NEW]


def test_a_helper_that_is_left_early_is_no_error_and_its_usage_is_unknown() -> None:
    def left(client: Anthropic, question: str) -> str:
        with client.messages.stream(**asked(question)) as stream:
            return next(iter(stream.text_stream))

    rollout = run(AgentsAdapter().wrap(agent_of(left, Provider(BLOCKS))), {}, "Where?")
    (step,) = rollout.trajectory.steps
    assert (rollout.output, step.output, step.error, step.usage) == ("Let m", "Let m", "", UNKNOWN)


@pytest.mark.parametrize("way", [helper, async_helper])
def test_a_helper_that_fails_is_a_step_with_its_error(way: Callable[..., Any]) -> None:
    provider = Provider(BLOCKS, status=529)
    result: Any = AgentsAdapter().wrap(agent_of(way, provider)).run({}, "Where?")
    rollout = wait(result) if inspect.iscoroutine(result) else result
    (step,) = rollout.trajectory.steps
    assert "529" in step.error
    assert type(rollout.error).__name__ == "OverloadedError"
