"""What the server can be told to do wrong, as its clients meet it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from gepa_offline import Fault, OfflineServer, parse_fault, serve
from gepa_offline.server.injector import FaultInjector

TASK, REFLECTION = "simulated-task", "simulated-reflection"


@pytest.fixture(scope="module")
def shared() -> Iterator[OfflineServer]:
    with serve(log_requests=True) as running:
        yield running


@pytest.fixture
def server(shared: OfflineServer) -> Iterator[OfflineServer]:
    yield shared
    shared.set_faults()


def ask(server: OfflineServer, text: str = "hello", model: str = TASK, **options: Any) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": text}], **options}
    return httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=30)


def statuses(server: OfflineServer, count: int, model: str = TASK) -> list[int]:
    return [ask(server, model=model).status_code for _ in range(count)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", openai.RateLimitError),
        ("500", openai.InternalServerError),
        ("503", openai.InternalServerError),
        ("drop", openai.APIConnectionError),
        ("hang", openai.APITimeoutError),
        ("truncate", (openai.APIConnectionError, httpx.RemoteProtocolError)),
        ("malformed", json.JSONDecodeError),
    ],
)
def test_each_kind_as_a_client_meets_it(
    server: OfflineServer, kind: str, error: type[Exception], stream: bool
) -> None:
    server.set_faults(kind)
    struck = server.stats()["faults"].get(TASK, {}).get(kind, 0)
    messages: Any = [{"role": "user", "content": "hello"}]
    with openai.OpenAI(base_url=server.base_url, api_key="k", max_retries=0, timeout=1.0) as client:
        with pytest.raises(error):
            _whole(client.chat.completions.create(model=TASK, messages=messages, stream=stream))
        server.set_faults()
        assert "simulated" in _whole(
            client.chat.completions.create(model=TASK, messages=messages, stream=stream)
        )
    assert server.stats()["faults"][TASK][kind] == struck + 1


def _whole(answer: Any) -> str:
    if not isinstance(answer, openai.Stream):
        return str(answer.choices[0].message.content)
    return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)


def test_answers_may_be_empty_garbage_or_slow(server: OfflineServer) -> None:
    right = ask(server).json()["choices"][0]["message"]["content"]
    found = {}
    for fault in (Fault("empty"), Fault("garbage"), Fault("slow", seconds=0.01)):
        with server.failing(fault):
            found[fault.kind] = ask(server).json()["choices"][0]["message"]["content"]
    assert found["empty"] == ""
    assert found["slow"] == right
    assert found["garbage"] not in ("", right)


def test_a_status_may_tell_how_long_to_wait(server: OfflineServer) -> None:
    with server.failing(Fault("429", retry_after=2.5), Fault("503")):
        assert ask(server).headers["retry-after"] == "2.5"
    with server.failing(Fault("503")):
        answer = ask(server)
    assert "retry-after" not in answer.headers
    assert answer.json()["error"]["type"] == "server_error"


def test_after_and_times_and_model_bound_a_fault(server: OfflineServer) -> None:
    server.set_faults(Fault("503", model=TASK, after=2, times=3))
    assert statuses(server, 2, REFLECTION) == [200, 200]
    assert statuses(server, 7) == [200, 200, 503, 503, 503, 200, 200]


def test_a_model_goes_down_and_comes_back_over_http(server: OfflineServer) -> None:
    address = server.base_url.removesuffix("/v1") + "/faults"
    assert httpx.put(address, json=[{"kind": "503", "model": TASK}, "429,rate=0"]).status_code == 200
    assert server.faults == (Fault("503", model=TASK), Fault("429", rate=0.0))
    assert statuses(server, 2) == [503, 503]
    assert statuses(server, 1, REFLECTION) == [200]
    assert [one["kind"] for one in httpx.get(address).json()] == ["503", "429"]
    refused = httpx.put(address, json=[{"kind": "tired"}])
    assert refused.status_code == 400
    assert "there is no fault of kind 'tired'" in refused.json()["error"]["message"]
    assert len(server.faults) == 2
    httpx.put(address, json=[])
    assert statuses(server, 1) == [200]


def test_the_rate_is_drawn_from_content_and_occurrence_alone() -> None:
    """In whatever order requests come, the same ones are struck."""
    bodies = [b"question %d" % number for number in range(300)] * 2

    def struck(order: list[bytes]) -> Counter[bytes]:
        injector = FaultInjector(7, [Fault("503", rate=0.3)])
        return Counter(body for body in order if injector.strike(TASK, body) is not None)

    found = struck(bodies)
    assert found == struck(bodies[::-1]) == struck(sorted(bodies))
    assert 0.2 < sum(found.values()) / len(bodies) < 0.4
    assert set(found.values()) == {1, 2}  # a repeated question has a draw of its own
    others = FaultInjector(8, [Fault("503", rate=0.3)])
    assert found != Counter(body for body in bodies if others.strike(TASK, body))


def test_the_log_tells_faults_users_and_retries_of_clients(server: OfflineServer) -> None:
    """The openai client asks again by itself, and says so in a header."""
    before = server.stats()["retries"].get(TASK, 0)
    server.set_faults(Fault("503", times=1, retry_after=0.01))
    with openai.OpenAI(base_url=server.base_url, api_key="k") as client:
        messages: Any = [{"role": "user", "content": "hello"}]
        client.chat.completions.create(model=TASK, messages=messages, user="me")
    assert server.stats()["retries"][TASK] == before + 1
    first, second = server.requests()[-2:]
    assert (first.status, first.fault, first.user) == (503, "503", "me")
    assert (second.status, second.fault, second.user) == (200, "", "me")
    assert first.prompt == second.prompt


def test_who_hangs_is_let_go_when_the_server_stops() -> None:
    answers: list[int] = []
    with serve(faults=["hang"]) as server:
        client = threading.Thread(target=lambda: answers.append(ask(server).status_code))
        client.start()
        while server.stats()["in_flight"] == 0:
            pass
    client.join(5)
    assert answers == [503]


def test_the_short_spelling() -> None:
    spelled = "429, rate=0.5, model=simulated-task, after=3, times=2, retry_after=1.5, seconds=2"
    expected = Fault("429", rate=0.5, model=TASK, after=3, times=2, retry_after=1.5, seconds=2.0)
    assert parse_fault(spelled) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("200", "no fault of kind '200'"),
        ("tired", "there are 'drop', 'truncate'"),
        ("503,speed=1", "no setting 'speed'"),
        ("503,rate=often", "'rate' is a number, not 'often'"),
        ("503,rate=2", "'rate' is from 0 to 1, not 2.0"),
        ("503,after=-1", "'after' cannot be -1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_fault(text)
    with pytest.raises(ValueError, match=message), serve(faults=[text]):
        pass
