"""A provider on loopback that speaks the OpenAI chat protocol and fails as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

SUCCESS = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4.1-mini",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a new text"}}
    ],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
}


def _error(message: str, code: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": "error", "param": None, "code": code}}


REPLIES: dict[str, tuple[int, dict[str, str], dict[str, object]]] = {
    "ok": (200, {}, SUCCESS),
    "unpriced": (200, {}, {**SUCCESS, "model": "nobody-knows-me"}),
    "unmetered": (200, {}, {name: value for name, value in SUCCESS.items() if name != "usage"}),
    "rate": (429, {"Retry-After": "7"}, _error("Rate limit reached for requests", "rate_limit_exceeded")),
    "quota": (
        429,
        {},
        _error("You exceeded your current quota", "insufficient_quota"),
    ),
    "key": (401, {}, _error("Incorrect API key provided: sk-abcdef1234567890", "invalid_api_key")),
    "missing": (404, {}, _error("The model `x` does not exist or you do not have access", "model_not_found")),
    "long": (400, {}, _error("maximum context length is 8192 tokens", "context_length_exceeded")),
    "parameter": (400, {}, _error("Unknown parameter: 'colour'", "unknown_parameter")),
    "down": (503, {}, _error("The server is overloaded")),
}


class _Handler(BaseHTTPRequestHandler):
    requests: list[dict[str, object]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append(body)
        what = self.path.split("/")[1]
        if what == "drop":
            self.close_connection = True
            return
        status, headers, answer = REPLIES[what]
        payload = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


class Provider:
    """Where the server listens and what it was asked: ``url("rate")`` is a base that answers 429."""

    def __init__(self, address: str, requests: list[dict[str, object]]) -> None:
        self.address = address
        self.requests = requests

    def url(self, what: str) -> str:
        return f"{self.address}/{what}/v1"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    requests: list[dict[str, object]] = []
    handler = type("Handler", (_Handler,), {"requests": requests})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Provider(f"http://127.0.0.1:{server.server_address[1]}", requests)
    server.shutdown()
    server.server_close()
    thread.join()
