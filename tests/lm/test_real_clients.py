"""The real clients against a provider on loopback: what they raise, and what we make of it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import pytest

from gepa_core.errors import InfrastructureFault, ModelFault
from gepa_core.faults import classify, rejects_text
from gepa_core.lm import LiteLLM
from gepa_core.protocols import Completion, Message
from gepa_core.types import Usage

QUESTION = [Message("user", "hello")]


class Provider(Protocol):
    requests: list[dict[str, Any]]

    def url(self, what: str) -> str: ...


def model(provider: Provider, what: str, name: str = "openai/gpt-4.1-mini", **fields: Any) -> LiteLLM:
    return LiteLLM(model=name, api_base=provider.url(what), api_key="sk-secret0123456789", **fields)


def fault_of(coroutine: Coroutine[Any, Any, object]) -> Exception:
    return error_of(lambda: asyncio.run(coroutine))


def error_of(call: Callable[[], object]) -> Exception:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("no error was raised")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_success_has_text_usage_and_price(provider: Provider) -> None:
    asked = model(provider, "ok", temperature=0.5, options={"seed": 3})
    completion = asyncio.run(asked.complete(QUESTION))
    assert completion == Completion(
        text="a new text",
        finish_reason="stop",
        usage=Usage(calls=1, input_tokens=1000, output_tokens=200, dollars=completion.usage.dollars),
    )
    assert completion.usage.dollars == pytest.approx(1000 * 0.4e-6 + 200 * 1.6e-6)
    assert provider.requests[-1] == {
        "model": "gpt-4.1-mini",
        "messages": [{"role": "user", "content": "hello"}],
        "temperature": 0.5,
        "seed": 3,
    }


def test_loading_it_is_quiet_and_asks_no_network(provider: Provider) -> None:
    import logging

    asyncio.run(model(provider, "ok").complete(QUESTION))
    litellm = sys.modules["litellm"]
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert (litellm.telemetry, litellm.suppress_debug_info) == (False, True)
    assert logging.getLogger("LiteLLM").getEffectiveLevel() >= logging.ERROR


def test_preloading_ends_with_litellm_imported() -> None:
    thread = LiteLLM(model="openai/x").preload()
    thread.join(timeout=120)
    assert thread.daemon
    assert "litellm" in sys.modules


def test_an_unknown_price_is_said_to_be_unknown(provider: Provider) -> None:
    usage = asyncio.run(model(provider, "unpriced", "openai/nobody-knows-me").complete(QUESTION)).usage
    assert usage == Usage(calls=1, input_tokens=1000, output_tokens=200, unpriced=1)


def test_unreported_usage_is_said_to_be_unknown(provider: Provider) -> None:
    usage = asyncio.run(model(provider, "unmetered").complete(QUESTION)).usage
    assert usage == Usage(calls=1, unmetered=1, unpriced=1)


def test_a_price_can_be_given(provider: Provider) -> None:
    priced = {"input_cost_per_token": 0.001, "output_cost_per_token": 0.002}
    usage = asyncio.run(model(provider, "unpriced", "openai/mine", options=priced).complete(QUESTION)).usage
    assert usage.dollars == pytest.approx(1.4)
    assert usage.unpriced == 0


def test_several_calls_run_at_once(provider: Provider) -> None:
    async def three() -> list[Completion]:
        return await asyncio.gather(*(model(provider, "ok").complete(QUESTION) for _ in range(3)))

    assert [completion.text for completion in asyncio.run(three())] == ["a new text"] * 3


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("rate", InfrastructureFault),
        ("down", InfrastructureFault),
        ("drop", InfrastructureFault),
        ("quota", ModelFault),
        ("key", ModelFault),
        ("missing", ModelFault),
        ("parameter", ModelFault),
    ],
)
def test_a_fault_through_litellm_is_asked_for_once(
    provider: Provider, what: str, kind: type[Exception]
) -> None:
    before = len(provider.requests)
    error = fault_of(model(provider, what).complete(QUESTION))
    assert type(error) is kind
    assert len(provider.requests) == before + 1
    assert "sk-" not in str(error)


def test_the_wait_comes_through_litellm(provider: Provider) -> None:
    error = fault_of(model(provider, "rate").complete(QUESTION))
    assert isinstance(error, InfrastructureFault)
    assert error.retry_after == 7.0


def test_a_prompt_that_is_too_long_is_no_fault_of_the_model(provider: Provider) -> None:
    error = fault_of(model(provider, "long").complete(QUESTION))
    assert not isinstance(error, InfrastructureFault | ModelFault)
    assert rejects_text(error)


def test_a_provider_that_litellm_does_not_know_cannot_be_used() -> None:
    error = fault_of(LiteLLM(model="no-such-provider/x").complete(QUESTION))
    assert isinstance(error, ModelFault)


EXPECTED = {
    "rate": ("infrastructure", 7.0),
    "down": ("infrastructure", None),
    "drop": ("infrastructure", None),
    "quota": ("model", None),
    "key": ("model", None),
    "missing": ("model", None),
    "long": ("candidate", None),
}


@pytest.mark.parametrize("what", EXPECTED)
def test_what_the_openai_client_raises(provider: Provider, what: str) -> None:
    import openai

    client = openai.OpenAI(api_key="k", base_url=provider.url(what), max_retries=0)
    with client, pytest.raises(openai.OpenAIError) as caught:
        client.chat.completions.create(model="x", messages=[{"role": "user", "content": "hello"}])
    fault = classify(caught.value)
    assert (fault.kind, fault.retry_after) == EXPECTED[what]


def test_what_the_openai_client_raises_on_a_timeout() -> None:
    import openai

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        client = openai.OpenAI(api_key="k", base_url=url, max_retries=0, timeout=0.05)
        with client, pytest.raises(openai.APITimeoutError) as caught:
            client.chat.completions.create(model="x", messages=[{"role": "user", "content": "hello"}])
    assert classify(caught.value).kind == "infrastructure"


@pytest.mark.parametrize("what", EXPECTED)
def test_what_httpx_raises(provider: Provider, what: str) -> None:
    import httpx

    with pytest.raises(httpx.HTTPError) as caught:
        httpx.post(f"{provider.url(what)}/chat/completions", json={}).raise_for_status()
    fault = classify(caught.value)
    # The reason of an exhausted quota stands in the body, which httpx's error does not carry.
    assert fault.kind == ("infrastructure" if what == "quota" else EXPECTED[what][0])
    assert fault.retry_after == EXPECTED[what][1]


@pytest.mark.parametrize("what", ["rate", "down", "key"])
def test_what_requests_raises(provider: Provider, what: str) -> None:
    import requests

    with pytest.raises(requests.RequestException) as caught:
        requests.post(f"{provider.url(what)}/chat/completions", json={}, timeout=10).raise_for_status()
    fault = classify(caught.value)
    assert (fault.kind, fault.retry_after) == EXPECTED[what]


@pytest.mark.parametrize("what", ["rate", "down", "drop", "key"])
def test_what_aiohttp_raises(provider: Provider, what: str) -> None:
    import aiohttp

    async def post() -> None:
        async with aiohttp.ClientSession() as session, session.post(provider.url(what), json={}) as response:
            response.raise_for_status()

    fault = classify(fault_of(post()))
    assert (fault.kind, fault.retry_after) == EXPECTED[what]


@pytest.mark.parametrize("client", ["httpx", "requests", "aiohttp", "urllib"])
def test_a_refused_connection_and_an_unknown_host_pass(client: str) -> None:
    for address in (f"http://127.0.0.1:{free_port()}/", "http://no-such-host.invalid/"):
        assert classify(_error_of_get(client, address)).kind == "infrastructure"


def _error_of_get(client: str, address: str) -> Exception:
    import urllib.request

    import aiohttp
    import httpx
    import requests

    async def with_aiohttp() -> None:
        async with aiohttp.ClientSession() as session, session.get(address):
            pass

    calls: dict[str, Callable[[], object]] = {
        "httpx": lambda: httpx.get(address, trust_env=False),
        "requests": lambda: requests.get(address, timeout=10),
        "aiohttp": lambda: asyncio.run(with_aiohttp()),
        "urllib": lambda: urllib.request.urlopen(address, timeout=10),
    }
    return error_of(calls[client])


def test_what_botocore_raises() -> None:
    exceptions = pytest.importorskip("botocore.exceptions")

    def client_error(code: str, status: int) -> Exception:
        answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}}}
        error: Exception = exceptions.ClientError(answer, "Converse")
        return error

    assert classify(client_error("ThrottlingException", 429)).kind == "infrastructure"
    assert classify(client_error("ServiceUnavailableException", 503)).kind == "infrastructure"
    assert classify(client_error("AccessDeniedException", 403)).kind == "model"
    assert classify(client_error("ValidationException", 400)).kind == "candidate"
    assert classify(exceptions.EndpointConnectionError(endpoint_url="x")).kind == "infrastructure"
    assert classify(exceptions.NoCredentialsError()).kind == "model"
