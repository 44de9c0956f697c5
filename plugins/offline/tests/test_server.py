"""The server: protocol, counting, latency, loopback, start and stop."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gepa_offline import OfflineServer, SimulatedModel, domain, run_server, serve
from gepa_offline.domains.tool_use import tool_schemas

TOOLS = domain("tool_use")
HELLO = {"model": "simulated-task", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def server() -> Iterator[OfflineServer]:
    with serve(log_requests=True) as running:
        yield running


def post(server: OfflineServer, body: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(f"{server.base_url}/chat/completions", content=content, timeout=30)


def test_answer_has_everything_that_the_protocol_asks_for(server: OfflineServer) -> None:
    body = post(server, HELLO).json()
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    assert abs(body["created"] - time.time()) < 60
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert body["choices"][0]["index"] == 0
    assert set(body["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{not json", 400, "could not parse"),
        (b"[]", 400, "JSON object"),
        ({"messages": HELLO["messages"]}, 400, "model parameter"),
        ({**HELLO, "model": "gpt-9"}, 404, "'gpt-9' does not exist"),
        ({**HELLO, "messages": []}, 400, "at least one message"),
        ({**HELLO, "messages": [{"role": "king", "content": ""}]}, 400, "'role' is one of"),
        ({**HELLO, "messages": [{"role": "user", "content": 3}]}, 400, "string or a list"),
        ({**HELLO, "tools": [{"type": "function"}]}, 400, "A tool is"),
        ({**HELLO, "max_tokens": 0}, 400, "at least 1"),
        ({**HELLO, "response_format": {"type": "json_object"}}, 400, "'json_object'"),
    ],
)
def test_bad_requests_are_refused_in_openais_form(
    server: OfflineServer, body: Any, status: int, message: str
) -> None:
    response = post(server, body)
    assert response.status_code == status
    error = response.json()["error"]
    assert message in error["message"]
    assert error["type"] == "invalid_request_error"
    assert set(error) == {"message", "type", "param", "code"}


def test_length_limit_cuts_the_answer(server: OfflineServer) -> None:
    body = post(server, {**HELLO, "max_tokens": 3}).json()
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 3
    assert len(body["choices"][0]["message"]["content"]) == 12


def events(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_stream_tells_usage_only_when_asked(server: OfflineServer) -> None:
    plain = events(post(server, {**HELLO, "stream": True}))
    assert all("usage" not in event for event in plain)
    assert plain[0]["choices"][0]["delta"]["role"] == "assistant"
    counted = events(post(server, {**HELLO, "stream": True, "stream_options": {"include_usage": True}}))
    assert counted[-1]["choices"] == []
    assert counted[-1]["usage"]["total_tokens"] > 0
    assert len(counted) == len(plain) + 1


def test_tools_are_called_and_their_result_is_passed_on(server: OfflineServer) -> None:
    row = TOOLS.test[0]
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": TOOLS.seed_texts["agent"]},
        {"role": "user", "content": row["inputs"]["request"]},
    ]
    body = {"model": "simulated-task", "messages": messages, "tools": tool_schemas(TOOLS.seed_texts)}
    choice = post(server, body).json()["choices"][0]
    call = choice["message"]["tool_calls"][0]
    expected = TOOLS.run(TOOLS.seed_texts, row["inputs"])
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert call["function"]["name"] == expected["tool"]
    assert json.loads(call["function"]["arguments"]) == expected["arguments"]

    streamed = events(post(server, {**body, "stream": True}))
    deltas = [event["choices"][0]["delta"] for event in streamed]
    assert [delta["tool_calls"][0]["id"] for delta in deltas if "tool_calls" in delta] == [call["id"]]

    messages += [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "Order found."},
    ]
    final = post(server, body).json()["choices"][0]
    assert final["finish_reason"] == "stop"
    assert "Order found." in final["message"]["content"]


def test_server_answers_as_the_model_in_process_does() -> None:
    model = SimulatedModel(seed=9)
    prompt = [{"role": "user", "content": "```\nSort tickets.\n```"}]
    with serve(model=model) as server:
        for name in ("simulated-task", "simulated-reflection"):
            body = post(server, {"model": name, "messages": prompt}).json()
            assert body["choices"][0]["message"]["content"] == model.answer(prompt, model=name)


def test_stats_and_request_log(server: OfflineServer) -> None:
    for body in (HELLO, HELLO, {**HELLO, "model": "gpt-9"}, {**HELLO, "model": "simulated-reflection"}):
        post(server, body)
    stats = httpx.get(server.base_url.removesuffix("/v1") + "/stats").json()
    assert stats == server.stats()
    assert stats["calls"]["simulated-task"] == {"200": 2}
    assert stats["calls"]["simulated-reflection"] == {"200": 1}
    assert stats["total"] == 4
    assert stats["in_flight"] == 0
    assert stats["max_in_flight"] == 1
    assert stats["busy_seconds"] == pytest.approx(sum(stats["busy_seconds_by_model"].values()))
    records = server.requests()
    assert [record.status for record in records] == [200, 200, 404, 200]
    assert records[0].prompt == records[1].prompt != records[2].prompt
    logged = httpx.get(server.base_url.removesuffix("/v1") + "/requests").json()
    assert [record["number"] for record in logged] == [1, 2, 3, 4]


def test_request_log_is_off_by_default() -> None:
    with serve() as server:
        post(server, HELLO)
        assert server.requests() == []
        assert server.stats()["total"] == 1


def test_32_clients_are_served_at_the_latency() -> None:
    async def call_all(url: str) -> float:
        async with httpx.AsyncClient(timeout=30) as client:
            await client.post(url, json=HELLO)
            started = time.perf_counter()
            answers = await asyncio.gather(*[client.post(url, json=HELLO) for _ in range(32)])
            assert {answer.status_code for answer in answers} == {200}
            return time.perf_counter() - started

    with serve(task_latency=0.5) as server:
        seconds = asyncio.run(call_all(f"{server.base_url}/chat/completions"))
        assert server.stats()["max_in_flight"] > 16
    # One after the other they would take 16 s; on a busy machine the clients need a while themselves.
    assert 0.5 <= seconds < 8


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.org", ""])
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"), serve(host=host):
        pass
    with pytest.raises(ValueError, match="loopback only"):
        run_server(host, 0)


def test_localhost_and_port_in_use() -> None:
    with serve(host="localhost") as server:
        assert server.base_url.startswith("http://127.0.0.1:")
        port = int(server.base_url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"), serve(port=port):
            pass


def test_negative_latency_is_refused() -> None:
    with pytest.raises(ValueError, match="task_latency is in seconds"), serve(task_latency=-1):
        pass


def test_stopping_does_not_wait_for_slow_answers() -> None:
    statuses: list[int] = []
    before = set(threading.enumerate())  # other tests' servers may be up all session long
    with serve(task_latency=60) as server:
        client = threading.Thread(target=lambda: statuses.append(post(server, HELLO).status_code))
        client.start()
        while server.stats()["in_flight"] == 0:
            time.sleep(0.01)
        started = time.perf_counter()
    assert time.perf_counter() - started < 5
    client.join(5)
    assert statuses == [503]
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name == "gepa-offline"]


def test_program_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-W", "error", "-m", "gepa_offline", "--port", "0", "--log-requests"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().split(" ")[3]
        assert httpx.get(f"{url}/models").status_code == 200
        httpx.post(f"{url}/chat/completions", json=HELLO)
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=20)
    assert program.returncode == 0
    assert "simulated-task 200" in errors
    assert "Traceback" not in errors
