"""Apps of each family that hold keys wherever apps hold them, and the search for what became of the keys."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from gepa_offline import domain
from gepa_offline.model import TASK_MODEL

from gepa_core.codec import encode
from gepa_core.store import Store
from gepa_core.types import Purpose

DESK = domain("support_desk")

ENVIRONMENT = "planted-by-environment-0123456789"
"""Shaped like no key that is known."""
CLIENT = "sk-planted-in-client-0123456789"
HEADER = "planted-in-header-0123456789"
KEYS = (ENVIRONMENT, CLIENT, HEADER)
HEADERS = {"X-Tenant": HEADER}


class Unlucky(Exception):
    """What a client raises that is generous with what it was given."""


def check(ticket: str) -> None:
    """Fail on some tickets, as an app does whose backend refuses its key."""
    if len(ticket) % 4 == 0:
        raise Unlucky(f"the backend refused {ENVIRONMENT}; Authorization: Bearer {CLIENT}")


def langchain(base_url: str) -> Any:
    """A chain whose model has a key and headers, and takes more of them with each call."""
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnableLambda
    from langchain_openai import ChatOpenAI

    def checked(inputs: dict[str, str]) -> dict[str, str]:
        check(inputs["ticket"])
        return inputs

    prompt = ChatPromptTemplate.from_messages([("system", DESK.seed_texts["triage"]), ("human", "{ticket}")])
    options: Any = {"base_url": base_url, "api_key": CLIENT, "default_headers": HEADERS, "max_retries": 0}
    model = ChatOpenAI(model=TASK_MODEL, **options)
    return RunnableLambda(checked) | prompt | model.bind(extra_headers=HEADERS) | StrOutputParser()


def llamaindex(base_url: str) -> Any:
    """A chat engine whose model has a key and headers."""
    from llama_index.core.chat_engine import SimpleChatEngine
    from llama_index.core.memory import ChatMemoryBuffer
    from llama_index.llms.openai_like import OpenAILike

    model = OpenAILike(
        model=TASK_MODEL,
        api_base=base_url,
        api_key=CLIENT,
        default_headers=HEADERS,
        additional_kwargs={"extra_headers": HEADERS},
        is_chat_model=True,
        max_retries=0,
    )
    memory = ChatMemoryBuffer.from_defaults(token_limit=3000, tokenizer_fn=str.split)  # holds no database
    return SimpleChatEngine.from_defaults(llm=model, memory=memory, system_prompt=DESK.seed_texts["triage"])


class Sorter:
    """An agent whose client has a key, and which passes headers with each call."""

    def __init__(self, base_url: str) -> None:
        import openai

        self.instructions = DESK.seed_texts["triage"]
        self.client = openai.OpenAI(base_url=base_url, api_key=CLIENT, max_retries=0)

    def __call__(self, ticket: str) -> str:
        """Sort one ticket."""
        check(ticket)
        answer = self.client.chat.completions.create(
            model=TASK_MODEL,
            messages=[
                {"role": "system", "content": self.instructions},
                {"role": "user", "content": ticket},
            ],
            extra_headers={**HEADERS, "Authorization": f"Bearer {CLIENT}"},
        )
        return answer.choices[0].message.content or ""


APPS = {"langchain": langchain, "llamaindex": llamaindex, "agents": Sorter}


def rows(family: str, split: Any, number: int) -> list[Any]:
    """Tickets, as the app takes them."""
    found = DESK.rows(split, number)
    if family == "langchain":
        return found
    return [{"inputs": row["inputs"]["ticket"], "expected": row["expected"]} for row in found]


def metric(example: Mapping[str, Any], output: Any) -> Any:
    """The share of queue and priority that were right; tells in its feedback what it should not."""
    from gepa_core import Feedback

    inputs = example["inputs"]
    row = {**example, "inputs": inputs if isinstance(inputs, dict) else {"ticket": inputs}}
    whole = DESK.metric(row, {"triage": str(output), "reply": ""})
    score = (whole.objectives["queue"] + whole.objectives["priority"]) / 2
    return Feedback(score, f"{whole.text} (judged with api_key={CLIENT}, as {ENVIRONMENT})")


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """The address of a server that answers every request with 401 and the key that it was sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the base class names it
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = (
                f"Incorrect API key provided: {self.headers['Authorization']}. Headers: {dict(self.headers)}"
            )
            body = json.dumps({"error": {"message": said, "code": "invalid_api_key"}}).encode()
            self.send_response(401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def written(directory: Path) -> dict[str, bytes]:
    """Every file below ``directory``: its bytes, and of databases and logs what is compressed in them."""
    return {
        str(path.relative_to(directory)): path.read_bytes() + _inflated(path.read_bytes())
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    } | {f"{path} rows": _rows(path) for path in directory.rglob("*.sqlite")}


def _inflated(data: bytes) -> bytes:
    """Whatever in ``data`` is a zlib stream, or the beginning of one, decompressed.

    A stream that needs a dictionary, which is another stream of the same file, names it by its checksum.
    """
    plain = [_inflate(data[place:]) for place in _places(data, b"\x78\x01")]
    known = {zlib.adler32(text): text for text in plain}
    for place in _places(data, b"\x78\x20"):
        dictionary = known.get(int.from_bytes(data[place + 2 : place + 6], "big"))
        if dictionary is not None:
            plain.append(_inflate(data[place:], dictionary))
    return b"".join(plain)


def _places(data: bytes, beginning: bytes) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(beginning), data))


def _inflate(data: bytes, dictionary: bytes = b"") -> bytes:
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj(zdict=dictionary).decompress(data)
    return b""


def _rows(path: Path) -> bytes:
    found = b""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):
                for value in row:
                    found += (value if isinstance(value, bytes) else str(value).encode()) + b"\n"
    with contextlib.closing(Store.read(path.parent)) as store:
        outcomes = [one for purpose in get_args(Purpose) for one in store.outcomes(purpose)]
    return found + b"\n".join(encode(one).encode() for one in outcomes)


def leaks(texts: Mapping[str, bytes | str]) -> list[str]:
    """Where a planted key is, with what stands around it."""
    found = []
    for name, text in texts.items():
        data = text.encode(errors="replace") if isinstance(text, str) else text
        for key in KEYS:
            place = data.find(key.encode())
            if place >= 0:
                found.append(f"{name}: {data[max(0, place - 200) : place + 60]!r}")
    return found
