"""Apps as workers meet them: well-behaved, hanging, dying, refused by a provider, and hard to pickle."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core import Rollout, Step, Trajectory, testing

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


class Refused(Exception):
    """Like a provider's client's: its constructor takes more than its message, so it does not unpickle."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status_code = status
        self.response = threading.Lock()  # as little fit for pickling as a response


def first(place: str, what: object) -> bool:
    """Whether nobody, in any process, has asked for ``what`` before."""
    try:
        Path(place, str(what)).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@attrs.define(eq=False, kw_only=True)
class Hanging(SyncToySystem):
    """Hangs on one number the first time. Notes its processes."""

    place: str
    number: int = 23

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        first(self.place, f"process-{os.getpid()}")
        if inputs == self.number and first(self.place, "hung"):
            time.sleep(600)
        return super().run(texts, inputs)


@attrs.define(eq=False, kw_only=True)
class HangingAsync(ToySystem):
    """The same on the event loop. It ends when it is cancelled, or blocks the loop and cannot be."""

    place: str
    blocks: bool
    number: int = 23

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        first(self.place, f"process-{os.getpid()}")
        if inputs == self.number and first(self.place, "hung"):
            if self.blocks:
                time.sleep(600)
            await asyncio.sleep(600)
        return await super().run(texts, inputs)


@attrs.define(eq=False, kw_only=True)
class Faulty(ToySystem):
    """Meets a fault on every third number, the first time or always."""

    place: str
    fault: str

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        first(self.place, f"process-{os.getpid()}")
        if inputs % 3 == 0:
            self._meet(inputs)
        return await super().run(texts, inputs)

    def _meet(self, number: int) -> None:
        if self.fault == "dies" and number == 24 and first(self.place, "died"):
            os._exit(1)
        if self.fault == "busy" and first(self.place, number):
            raise Refused("Too many requests", status=429)
        if self.fault == "no key":
            raise Refused("Incorrect API key provided", status=401)
        if self.fault == "its own":
            try:
                raise KeyError("plan")
            except KeyError as error:
                raise LookupError(f"the tool was called with {number}") from error


@attrs.define(eq=False, kw_only=True)
class Locked(ToySystem):
    """Holds what cannot be pickled, deep inside."""

    clients: dict[str, Any] = attrs.field(factory=lambda: {"search": [threading.Lock()]})


@attrs.define(eq=False, kw_only=True)
class Opaque(ToySystem):
    """Its steps hold what cannot be pickled, and its output on request."""

    output: bool

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        found = await super().run(texts, inputs)
        step: Any = Step(kind="tool", name="opaque", inputs={"lock": threading.Lock()})  # type: ignore[dict-item]
        output = threading.Lock() if self.output else found.output
        return Rollout(output=output, trajectory=Trajectory(steps=(*found.trajectory.steps, step)))


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
