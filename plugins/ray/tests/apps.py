"""Apps as workers meet them: well-behaved, dying, calling a provider, and hard to pickle."""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core import Component, Rollout, Step, Trajectory, testing
from gepa_core.pacing import current_calls
from gepa_core.types import Usage

_model = testing.ToySystem().model


class Model:
    """The toy's task model, which is one in each process and is not sent to any."""

    def answer(self, prompt: str) -> str:
        """Answer a prompt."""
        return _model.answer(prompt)

    async def aanswer(self, prompt: str) -> str:
        """Answer a prompt."""
        return await _model.aanswer(prompt)


@attrs.define(eq=False, kw_only=True)
class ToySystem(testing.ToySystem):
    """The toy, fit for pickling."""

    model: Any = attrs.field(factory=Model)


@attrs.define(eq=False, kw_only=True)
class SyncToySystem(testing.SyncToySystem):
    """The toy for threads, fit for pickling."""

    model: Any = attrs.field(factory=Model)


def first(place: str, what: object) -> bool:
    """Whether nobody, in any process, has asked for ``what`` before."""
    try:
        Path(place, str(what)).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@attrs.define(eq=False, kw_only=True)
class Dying(ToySystem):
    """Notes its processes, and ends one of them the first time that it meets a number."""

    place: str
    number: int | None = 24

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        first(self.place, f"process-{os.getpid()}")
        if inputs == self.number and first(self.place, "died"):
            os._exit(1)
        return await super().run(texts, inputs)


@attrs.define(eq=False, kw_only=True)
class Calling(SyncToySystem):
    """Asks a server over HTTP, as a client of a provider does."""

    base_url: str
    name: str
    components: tuple[Component, ...] = (Component(name="instructions", text="Sort the ticket."),)

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Have a ticket sorted."""
        messages = [{"role": "system", "content": texts["instructions"]}, {"role": "user", "content": inputs}]
        body = json.dumps({"model": self.name, "messages": messages}).encode()
        address = f"{self.base_url}/chat/completions"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        call = current_calls().begin(self.name)
        try:
            with urllib.request.urlopen(request) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            call.fail(error)
            return Rollout(error=error)
        used = Usage(
            calls=1,
            input_tokens=answer["usage"]["prompt_tokens"],
            output_tokens=answer["usage"]["completion_tokens"],
        )
        call.end(used)
        text = answer["choices"][0]["message"]["content"]
        step = Step(kind="model", name=self.name, inputs=messages, output=text, usage=used)
        return Rollout(output=text, trajectory=Trajectory(steps=(step,)))


@attrs.define(eq=False, kw_only=True)
class Locked(ToySystem):
    """Holds what cannot be pickled, deep inside."""

    clients: dict[str, Any] = attrs.field(factory=lambda: {"search": [threading.Lock()]})


locked = Locked()


def make_sync() -> SyncToySystem:
    """An app by a factory."""
    return SyncToySystem()


def make_another() -> ToySystem:
    """Another app in every process."""
    toy = ToySystem()
    text = attrs.evolve(toy.components[0], text=f"Rules of process {os.getpid()}:")
    toy.components = (text, *toy.components[1:])
    return toy
