"""Images reach a server of the OpenAI protocol through every kind of reflection model, as image parts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import httpx
import pytest
from gepa_langchain import LangChainAdapter
from gepa_llamaindex import LlamaIndexAdapter
from gepa_offline import OfflineServer, serve
from gepa_offline.server.stats import RequestRecord

from gepa_core.lm import LiteLLM, as_language_model
from gepa_core.protocols import Message, SeeingModel
from tests.reflection.pictures import picture

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # importing litellm would ask the network
MODEL = "simulated-reflection"


@pytest.fixture(scope="module")
def server() -> Iterator[OfflineServer]:
    with serve(log_requests=True) as running:
        yield running


def _langchain(server: OfflineServer, client: httpx.AsyncClient) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        base_url=server.base_url,
        api_key="offline",  # type: ignore[arg-type]
        model=MODEL,
        http_async_client=client,
    )


def _llamaindex(server: OfflineServer, client: httpx.AsyncClient) -> Any:
    from llama_index.llms.openai_like import OpenAILike

    return OpenAILike(
        model=MODEL,
        api_base=server.base_url,
        api_key="offline",
        is_chat_model=True,
        async_http_client=client,
    )


def _litellm(server: OfflineServer, _: httpx.AsyncClient) -> Any:
    return LiteLLM(model=f"openai/{MODEL}", api_base=server.base_url, api_key="offline")


def _function(server: OfflineServer, client: httpx.AsyncClient) -> Any:
    async def ask(messages: list[dict[str, Any]]) -> str:
        body = {"model": MODEL, "messages": messages}
        answer = await client.post(f"{server.base_url}/chat/completions", json=body, timeout=30)
        return str(answer.json()["choices"][0]["message"]["content"])

    return ask


def _text_function(server: OfflineServer, client: httpx.AsyncClient) -> Any:
    async def ask(prompt: str) -> str:
        return str(await _function(server, client)([{"role": "user", "content": prompt}]))

    return ask


def _function_of_strings(server: OfflineServer, client: httpx.AsyncClient) -> Any:
    async def ask(messages: list[dict[str, str]]) -> str:
        assert [type(message["content"]) for message in messages] == [str]
        return str(await _function(server, client)(messages))

    return ask


Maker = Callable[[OfflineServer, httpx.AsyncClient], Any]
SEEING: list[Maker] = [_litellm, _langchain, _llamaindex, _function]
BLIND: list[Maker] = [_text_function, _function_of_strings]


def question() -> Message:
    images = tuple(attrs.evolve(picture(number), name=f"image-{number}") for number in (1, 2))
    return Message("user", "What do [image-1] and [image-2] show?", images)


def ask(make: Maker, server: OfflineServer, message: Message) -> tuple[bool, RequestRecord]:
    """Whether the model says that it sees, and what the server got."""

    async def asked() -> bool:
        import litellm

        async with httpx.AsyncClient() as client:
            model = as_language_model(make(server, client), [LangChainAdapter(), LlamaIndexAdapter()])
            assert isinstance(model, SeeingModel)
            sees = await model.sees_images()
            assert (await model.complete([message])).text
        await litellm.close_litellm_async_clients()  # type: ignore[attr-defined,no-untyped-call]
        return sees

    before = len(server.requests())
    sees = asyncio.run(asked())
    (record,) = server.requests()[before:]
    assert record.status == 200
    return sees, record


@pytest.mark.parametrize("make", SEEING)
def test_images_arrive_as_image_parts(make: Maker, server: OfflineServer) -> None:
    sees, record = ask(make, server, question())
    assert (sees, record.images) == (True, 2)


@pytest.mark.parametrize("make", [*SEEING, *BLIND])
def test_without_images_a_request_has_none(make: Maker, server: OfflineServer) -> None:
    _, record = ask(make, server, Message("user", "What is new?"))
    assert record.images == 0


@pytest.mark.parametrize("make", BLIND)
def test_a_function_of_texts_gets_the_text(make: Maker, server: OfflineServer) -> None:
    sees, record = ask(make, server, question())
    assert (sees, record.images) == (False, 0)


@pytest.mark.parametrize(
    ("model", "sees"), [("openai/gpt-4.1-mini", True), ("openai/gpt-3.5-turbo", False), ("openai/own", True)]
)
def test_litellm_tells_which_of_the_models_it_knows_can_see(model: str, sees: bool) -> None:
    assert asyncio.run(LiteLLM(model=model).sees_images()) == sees
    assert asyncio.run(LiteLLM(model=model, images=not sees).sees_images()) == (not sees)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://example.org/cat.png", 200),
        ("data:image/png;base64,????", 400),
        ("data:image/png;base64,", 400),
        ("file:///etc/passwd", 400),
        (None, 400),
    ],
)
def test_the_server_refuses_what_is_no_image(server: OfflineServer, url: str | None, status: int) -> None:
    part = {"type": "image_url", "image_url": {"url": url}}
    body = {"model": MODEL, "messages": [{"role": "user", "content": [part]}]}
    answer = httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=30)
    assert answer.status_code == status
