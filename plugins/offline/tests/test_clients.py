"""The real clients of the OpenAI protocol reach the server exactly as they reach a provider."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from gepa_offline import OfflineServer, SimulatedModel, domain, serve

DESK = domain("support_desk")
MESSAGES: list[Any] = [
    {"role": "system", "content": DESK.seed_texts["triage"]},
    {"role": "user", "content": DESK.test[0]["inputs"]["ticket"]},
]


@pytest.fixture(scope="module")
def server() -> Iterator[OfflineServer]:
    with serve(seed=3) as running:
        yield running


@pytest.fixture(scope="module")
def expected() -> str:
    return SimulatedModel(seed=3).answer(MESSAGES)


def test_openai_client(server: OfflineServer, expected: str) -> None:
    import openai

    with openai.OpenAI(base_url=server.base_url, api_key="offline") as client:
        answer = client.chat.completions.create(model="simulated-task", messages=MESSAGES)
        assert answer.choices[0].message.content == expected
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
        assert [model.id for model in client.models.list()] == ["simulated-task", "simulated-reflection"]


def test_openai_client_streams(server: OfflineServer, expected: str) -> None:
    import openai

    with openai.OpenAI(base_url=server.base_url, api_key="offline") as client:
        chunks = list(
            client.chat.completions.create(
                model="simulated-task",
                messages=MESSAGES,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == expected
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


def test_openai_client_sees_its_own_errors(server: OfflineServer) -> None:
    import openai

    with openai.OpenAI(base_url=server.base_url, api_key="offline", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError, match="'gpt-9' does not exist") as unknown:
            client.chat.completions.create(model="gpt-9", messages=MESSAGES)
        assert unknown.value.code == "model_not_found"
        with pytest.raises(openai.BadRequestError, match="at least one message"):
            client.chat.completions.create(model="simulated-task", messages=[])
        with pytest.raises(openai.BadRequestError, match="'n' has to be 1"):
            client.chat.completions.create(model="simulated-task", messages=MESSAGES, n=2)


def test_langchain(server: OfflineServer, expected: str) -> None:
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(base_url=server.base_url, api_key="offline", model="simulated-task")  # type: ignore[arg-type]
    pairs = [(message["role"], message["content"]) for message in MESSAGES]
    answer = model.invoke(pairs)
    assert answer.content == expected
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] > 0
    assert "".join(str(chunk.content) for chunk in model.stream(pairs)) == expected


@pytest.fixture
def event_loop_of_the_thread() -> Iterator[None]:
    """litellm's sync calls use the thread's event loop, and leave one of their own open if there is none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("event_loop_of_the_thread")
def test_litellm(server: OfflineServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    prompt = [{"role": "user", "content": "## Current text\n```\nSort tickets.\n```\n"}]
    answer = litellm.completion(
        model="openai/simulated-reflection", api_base=server.base_url, api_key="offline", messages=prompt
    )
    expected = SimulatedModel(seed=3).answer(prompt, model="simulated-reflection")
    assert answer.choices[0].message.content == expected
    assert "```" in expected
    assert answer.usage.prompt_tokens > 0
