"""A run to be killed: sorts tickets over HTTP, with a client of a few lines, so that it starts quickly.

Arguments: run directory, address of the offline server, seed, lookahead. Every request says in its field
``user`` what it is for, so that the server's log can be compared with the run's store.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
from gepa_offline import domain
from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL

from gepa_core import Candidate, Component, Execution, Feedback, Result, Rollout, Step, Trajectory, optimize
from gepa_core.presets import as_preset
from gepa_core.protocols import Completion, LeftAlone, Message
from gepa_core.recorded import prompt_id
from gepa_core.types import Split, Usage

DESK = domain("support_desk")
CONCURRENCY = 8
SIZES: dict[Split, int] = {"train": 36, "val": 8, "test": 6}
BUDGET = 170


class Client:
    """Asks the server, with a connection for each thread."""

    def __init__(self, base_url: str) -> None:
        self._address = urlsplit(base_url)
        self._local = threading.local()

    def ask(self, model: str, user: str, messages: Sequence[Mapping[str, str]]) -> tuple[str, Usage]:
        """The answer and what it used."""
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(self._address.netloc, timeout=60)
        connection: http.client.HTTPConnection = self._local.connection
        body = json.dumps({"model": model, "user": user, "messages": list(messages)})
        try:
            connection.request("POST", f"{self._address.path}/chat/completions", body)
            answer = json.load(connection.getresponse())
        except BaseException:
            connection.close()  # it opens anew with the next request
            raise
        used = answer["usage"]
        usage = Usage(calls=1, input_tokens=used["prompt_tokens"], output_tokens=used["completion_tokens"])
        return answer["choices"][0]["message"]["content"], usage


@attrs.frozen(kw_only=True, eq=False)
class Sorter:
    """The app as a system. A rollout is one call, and is known by candidate and ticket."""

    client: Client
    components: tuple[Component, ...] = DESK.components[:1]
    left_alone: tuple[LeftAlone, ...] = ()

    def run(self, texts: Mapping[str, str], inputs: Mapping[str, str]) -> Rollout:
        """Sort one ticket."""
        messages = [
            {"role": "system", "content": texts["triage"]},
            {"role": "user", "content": inputs["ticket"]},
        ]
        user = rollout_name(Candidate(texts=texts).id, inputs)
        text, usage = self.client.ask(TASK_MODEL, user, messages)
        step = Step(kind="model", name=TASK_MODEL, usage=usage, components=("triage",))
        return Rollout(output=text, trajectory=Trajectory(steps=(step,)))

    def build(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The improved app: its texts."""
        return dict(texts)


@attrs.frozen(kw_only=True, eq=False)
class Reflection:
    """The reflection model. A question is known by its text."""

    client: Client
    name: str = REFLECTION_MODEL

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Answer a conversation."""
        dicts = [{"role": message.role, "content": message.content} for message in messages]
        text, usage = await asyncio.to_thread(self.client.ask, REFLECTION_MODEL, prompt_id(messages), dicts)
        return Completion(text=text, usage=usage)


def rollout_name(candidate: str, inputs: Mapping[str, str]) -> str:
    """What a rollout is called in the server's log."""
    return f"{candidate} {inputs['ticket']}"


def metric(example: Mapping[str, Any], output: str) -> Feedback:
    """The share of queue and priority that were right."""
    whole = DESK.metric(dict(example), {"triage": output, "reply": ""})
    return Feedback((whole.objectives["queue"] + whole.objectives["priority"]) / 2, whole.text)


def rows(split: Split, seed: int) -> list[dict[str, Any]]:
    """The data of a run."""
    return DESK.rows(split, SIZES[split], seed=seed)


def run(directory: Path, base_url: str, seed: int, lookahead: int) -> Result:
    """Begin, or go on."""
    client = Client(base_url)
    return optimize(
        Sorter(client=client),
        trainset=rows("train", seed),
        valset=rows("val", seed),
        testset=rows("test", seed),
        metric=metric,
        reflection_lm=Reflection(client=client),
        budget=BUDGET,
        run_dir=directory,
        seed=seed,
        preset=attrs.evolve(as_preset("default"), lookahead=lookahead),
        execution=Execution(concurrency=CONCURRENCY),
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
