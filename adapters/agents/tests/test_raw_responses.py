"""Answers as raw responses, by `stream` and by `parse`: recorded once, handed on as the client does."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gepa_agents import AgentsAdapter
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from gepa_core.types import Step, Usage

from .conftest import agent_of, run, wait

SYSTEM = "You know every town of Portugal."
ANSWER = '{"town": "Porto"}'
USED = Usage(calls=1, input_tokens=7, output_tokens=3, unpriced=1)
UNKNOWN = Usage(calls=1, unmetered=1, unpriced=1)


class Town(BaseModel):
    town: str


# a provider ------------------------------------------------------------------------


def _chat(body: dict[str, Any]) -> httpx.Response:
    head = {"id": "a", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    if not body.get("stream"):
        message = {"role": "assistant", "content": ANSWER}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return httpx.Response(
            200, json={**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        )
    pieces = [{"role": "assistant", "content": ANSWER[:8]}, {"content": ANSWER[8:]}]
    chunks: list[dict[str, Any]] = [
        {**head, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": piece}]}
        for piece in pieces
    ]
    chunks[-1]["choices"][0]["finish_reason"] = "stop"
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    return _events([(None, chunk) for chunk in chunks])


def _responses(body: dict[str, Any]) -> httpx.Response:
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    said = {"id": "i", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    whole = {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m",
        "output": [said],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 7,
            "output_tokens": 3,
            "total_tokens": 10,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }
    if not body.get("stream"):
        return httpx.Response(200, json=whole)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": {**said, "content": []}}),
        ("response.content_part.added", {**place, "part": {**text, "text": ""}}),
        ("response.output_text.delta", {**place, "delta": ANSWER, "logprobs": []}),
        ("response.output_text.done", {**place, "text": ANSWER, "logprobs": []}),
        ("response.completed", {"response": whole}),
    ]
    return _events(
        [(name, {"type": name, "sequence_number": at, **held}) for at, (name, held) in enumerate(events)]
    )


def _events(events: list[tuple[str | None, dict[str, Any]]]) -> httpx.Response:
    lines = [(f"event: {name}\n" if name else "") + f"data: {json.dumps(held)}\n\n" for name, held in events]
    content = "".join([*lines, "" if events[0][0] else "data: [DONE]\n\n"])
    return httpx.Response(200, content=content, headers={"content-type": "text/event-stream", "x-id": "1"})


class Provider:
    """What was sent to it, and clients of it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.sent.append(body)
        return _chat(body) if request.url.path.endswith("/chat/completions") else _responses(body)

    async def answer_later(self, request: httpx.Request) -> httpx.Response:
        return self.answer(request)

    def client(self) -> OpenAI:
        transport = httpx.MockTransport(self.answer)
        return OpenAI(base_url="http://p/v1", api_key="k", http_client=httpx.Client(transport=transport))

    def async_client(self) -> AsyncOpenAI:
        transport = httpx.MockTransport(self.answer_later)
        return AsyncOpenAI(
            base_url="http://p/v1", api_key="k", http_client=httpx.AsyncClient(transport=transport)
        )


# ways of asking ------------------------------------------------------------------------


def messages(question: str) -> list[Any]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]


def raw_of_the_resource(client: OpenAI, question: str) -> str:
    response = client.chat.completions.with_raw_response.create(model="m", messages=messages(question))
    assert response.headers["content-type"] == "application/json"
    return str(response.parse().choices[0].message.content)


def raw_of_the_client(client: OpenAI, question: str) -> str:
    response = client.with_raw_response.chat.completions.create(model="m", messages=messages(question))
    return str(json.loads(response.text)["choices"][0]["message"]["content"])


def raw_that_nobody_reads(client: OpenAI, question: str) -> str:
    raw = client.chat.completions.with_raw_response
    assert raw.create(model="m", messages=messages(question)).status_code == 200
    return ANSWER


def raw_parse(client: OpenAI, question: str) -> str:
    raw = client.chat.completions.with_raw_response
    response = raw.parse(model="m", messages=messages(question), response_format=Town)
    parsed = response.parse().choices[0].message.parsed
    assert parsed == Town(town="Porto")
    return parsed.model_dump_json().replace(":", ": ")


def raw_stream(client: OpenAI, question: str) -> str:
    response: Any = client.chat.completions.with_raw_response.create(
        model="m",
        messages=messages(question),
        stream=True,
        stream_options={"include_usage": True},
    )
    assert response.headers["x-id"] == "1"
    assert response.parse() is response.parse()
    return "".join(piece.choices[0].delta.content or "" for piece in response.parse() if piece.choices)


def streaming_response(client: OpenAI, question: str) -> str:
    streaming = client.chat.completions.with_streaming_response
    with streaming.create(model="m", messages=messages(question)) as response:
        return str(response.parse().choices[0].message.content)


def streaming_lines(client: OpenAI, question: str) -> str:
    streaming = client.with_streaming_response.chat.completions
    with streaming.create(model="m", messages=messages(question)) as response:
        body = "".join(response.iter_lines())
    return str(json.loads(body)["choices"][0]["message"]["content"])


def streaming_events(client: OpenAI, question: str) -> str:
    streaming = client.chat.completions.with_streaming_response
    found: list[str] = []
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    with streaming.create(model="m", messages=messages(question), **options) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line.removeprefix("data: "))["choices"]
                found += [choice["delta"].get("content") or "" for choice in choices]
    return "".join(found)


def stream_helper(client: OpenAI, question: str) -> str:
    options: Any = {"include_usage": True}
    with client.chat.completions.stream(
        model="m", messages=messages(question), stream_options=options
    ) as stream:
        for event in stream:
            assert event.type
        return str(stream.get_final_completion().choices[0].message.content)


def beta_stream_helper(client: OpenAI, question: str) -> str:
    beta: Any = client.beta.chat.completions
    options: Any = {"include_usage": True}
    with beta.stream(model="m", messages=messages(question), stream_options=options) as stream:
        return str(stream.get_final_completion().choices[0].message.content)


def beta_parse(client: OpenAI, question: str) -> str:
    beta: Any = client.beta.chat.completions
    answer = beta.parse(model="m", messages=messages(question), response_format=Town)
    assert answer.choices[0].message.parsed == Town(town="Porto")
    return str(answer.choices[0].message.content)


def responses_raw(client: OpenAI, question: str) -> str:
    raw = client.responses.with_raw_response
    return raw.create(model="m", instructions=SYSTEM, input=question).parse().output_text


def responses_parse(client: OpenAI, question: str) -> str:
    found = client.responses.parse(model="m", instructions=SYSTEM, input=question, text_format=Town)
    assert found.output_parsed == Town(town="Porto")
    return found.output_text


def responses_stream(client: OpenAI, question: str) -> str:
    with client.responses.stream(model="m", instructions=SYSTEM, input=question) as stream:
        return "".join(event.delta for event in stream if event.type == "response.output_text.delta")


def responses_final(client: OpenAI, question: str) -> str:
    with client.responses.stream(model="m", instructions=SYSTEM, input=question) as stream:
        return stream.get_final_response().output_text


async def async_raw(client: AsyncOpenAI, question: str) -> str:
    raw = client.chat.completions.with_raw_response
    response = await raw.create(model="m", messages=messages(question))
    return str(response.parse().choices[0].message.content)


async def async_streaming(client: AsyncOpenAI, question: str) -> str:
    streaming = client.chat.completions.with_streaming_response
    async with streaming.create(model="m", messages=messages(question)) as response:
        return str((await response.parse()).choices[0].message.content)


async def async_streaming_lines(client: AsyncOpenAI, question: str) -> str:
    streaming = client.with_streaming_response.chat.completions
    async with streaming.create(model="m", messages=messages(question)) as response:
        lines = [line async for line in response.iter_lines()]
    return str(json.loads("".join(lines))["choices"][0]["message"]["content"])


async def async_stream_helper(client: AsyncOpenAI, question: str) -> str:
    options: Any = {"include_usage": True}
    async with client.chat.completions.stream(
        model="m", messages=messages(question), stream_options=options
    ) as stream:
        async for event in stream:
            assert event.type
        return str((await stream.get_final_completion()).choices[0].message.content)


async def async_responses_stream(client: AsyncOpenAI, question: str) -> str:
    async with client.responses.stream(model="m", instructions=SYSTEM, input=question) as stream:
        return (await stream.get_final_response()).output_text


SYNC: list[Callable[[OpenAI, str], str]] = [
    raw_of_the_resource,
    raw_of_the_client,
    raw_that_nobody_reads,
    raw_parse,
    raw_stream,
    streaming_response,
    streaming_lines,
    streaming_events,
    stream_helper,
    beta_stream_helper,
    beta_parse,
    responses_raw,
    responses_parse,
    responses_stream,
    responses_final,
]
ASYNC: list[Callable[[AsyncOpenAI, str], Any]] = [
    async_raw,
    async_streaming,
    async_streaming_lines,
    async_stream_helper,
    async_responses_stream,
]
WAYS: list[Callable[..., Any]] = [*SYNC, *ASYNC]


@pytest.mark.parametrize("way", WAYS)
def test_the_call_is_one_step_with_answer_usage_and_components(way: Callable[..., Any]) -> None:
    provider = Provider()
    system = AgentsAdapter().wrap(agent_of(way, provider))
    rollout = run(system, {"system": "You know every river."}, "Where?")
    assert rollout.output == ANSWER
    (step,) = rollout.trajectory.steps
    assert (step.kind, step.name, step.output, step.error) == ("model", "m", ANSWER, "")
    assert step.components == ("system",)
    assert step.usage == USED
    assert "You know every river." in json.dumps(step.inputs)
    assert ["You know every river." in json.dumps(body) for body in provider.sent] == [True]


@pytest.mark.parametrize("way", WAYS)
def test_the_app_that_comes_back_asks_in_the_same_way(way: Callable[..., Any]) -> None:
    provider = Provider()
    app = AgentsAdapter().wrap(agent_of(way, provider)).build({"system": "You know every river."})
    answer = app("Where?")
    assert (wait(answer) if inspect.iscoroutine(answer) else answer) == ANSWER
    assert "You know every river." in json.dumps(provider.sent)
    assert SYSTEM not in json.dumps(provider.sent)


@pytest.mark.parametrize(
    "hold",
    [
        lambda client: client.with_raw_response.chat.completions,
        lambda client: client.chat.completions.with_raw_response,
        lambda client: client.chat.with_raw_response.completions,
    ],
)
def test_a_raw_client_that_the_agent_holds_has_a_stand_in(hold: Callable[[OpenAI], Any]) -> None:
    raw, prompt = hold(Provider().client()), "You know every town."

    def agent(question: str) -> str:
        said = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
        return str(raw.create(model="m", messages=said).parse().choices[0].message.content)

    rollout = run(AgentsAdapter().wrap(agent), {}, "Where?")
    assert [step.usage for step in rollout.trajectory.steps] == [USED]


def _unread(way: Callable[[Any], Any]) -> Step:
    client, prompt = Provider().client(), "You know every town."

    def agent(question: str) -> str:
        said: list[Any] = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
        way(lambda name, **more: getattr(client.chat.completions, name)(model="m", messages=said, **more))
        return "enough"

    (step,) = run(AgentsAdapter().wrap(agent), {}, "Where?").trajectory.steps
    return step


def test_a_stream_that_is_left_early_is_written_down_as_far_as_it_came() -> None:
    def helper(ask: Any) -> None:
        with ask("stream") as stream:
            next(iter(stream))

    def plain(ask: Any) -> None:
        next(ask("create", stream=True))

    for step in (_unread(helper), _unread(plain)):
        assert (step.output, step.error, step.usage) == (ANSWER[:8], "", UNKNOWN)


def test_a_response_that_is_never_read_is_a_call_of_unknown_use() -> None:
    client, prompt = Provider().client(), "You know every town."

    def agent(question: str) -> int:
        said: list[Any] = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
        streaming = client.chat.completions.with_streaming_response
        with streaming.create(model="m", messages=said) as response:
            return response.status_code

    rollout = run(AgentsAdapter().wrap(agent), {}, "Where?")
    (step,) = rollout.trajectory.steps
    assert (rollout.output, step.output, step.error, step.usage) == (200, "", "", UNKNOWN)
