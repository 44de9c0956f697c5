"""The simulated models over HTTP, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import httpx
from gepa_offline import REFLECTION_MODEL, TASK_MODEL, Answer

TASK_LATENCY = 0.2
REFLECTION_LATENCY = 1.0


@attrs.frozen
class Server:
    """A running server; answers nothing before its latency is over."""

    base_url: str
    http: httpx.Client

    def ask(self, messages: Sequence[Any], tools: Sequence[Any] = ()) -> Answer:
        """The task model's answer."""
        return Answer(text=self._post(TASK_MODEL, messages, tools))

    def reflect(self, prompt: str) -> str:
        """The reflection model's answer."""
        return self._post(REFLECTION_MODEL, [{"role": "user", "content": prompt}], ())

    def busy_seconds(self) -> float:
        """Time that requests have spent in the server so far, all together."""
        return float(self.http.get(self.base_url.removesuffix("/v1") + "/stats").json()["busy_seconds"])

    def _post(self, model: str, messages: Sequence[Any], tools: Sequence[Any]) -> str:
        body: dict[str, Any] = {"model": model, "messages": list(messages)}
        if tools:
            body["tools"] = list(tools)
        response = self.http.post(f"{self.base_url}/chat/completions", content=json.dumps(body))
        return str(response.raise_for_status().json()["choices"][0]["message"]["content"])


@contextmanager
def serving(concurrency: int) -> Iterator[Server]:
    """A server with the latencies above, and a client with enough connections."""
    program = [sys.executable, "-u", "-m", "gepa_offline", "--port", "0"]
    program += ["--task-latency", str(TASK_LATENCY), "--reflection-latency", str(REFLECTION_LATENCY)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    limits = httpx.Limits(max_connections=2 * concurrency, max_keepalive_connections=2 * concurrency)
    try:
        if process.stdout is None:
            raise AssertionError("the output is a pipe")
        base_url = process.stdout.readline().split(" at ")[1].split()[0]
        with httpx.Client(limits=limits, timeout=60.0, trust_env=False) as http:
            yield Server(base_url, http)
    finally:
        process.terminate()
        process.wait()
