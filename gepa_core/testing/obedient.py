"""The toy as an app that does what its inputs say, to try an executor with.

A number is answered as the toy answers it. Inputs of the form ``{"do": …}`` are orders. The app holds no
model that cannot be pickled, and can also be imported: `async_app`, `sync_app` and `locked_app` are apps.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core.errors import InfrastructureFault, ModelFault
from gepa_core.pacing import Call, current_calls
from gepa_core.testing.toy import SyncToySystem, ToySystem
from gepa_core.types import Rollout, Step, Trajectory, Usage

MODEL = "obedient-model"
"""The model that the order ``"call"`` calls."""
WAIT = 900.0
"""Seconds that its provider asks to wait: longer than any test takes."""
_POLL = 0.01

_toy = ToySystem().model


class _Model:
    """The toy's task model, which is one in each process and is sent to none."""

    def answer(self, prompt: str) -> str:
        return _toy.answer(prompt)

    async def aanswer(self, prompt: str) -> str:
        return await _toy.aanswer(prompt)


@attrs.frozen
class Said:
    """An output of a class of the app's, with values that JSON does not know."""

    text: str
    pair: tuple[int, int] = (1, 2)
    raw: bytes = b"\x00\xff"
    names: frozenset[str] = frozenset({"one", "two"})


class _Response:
    """Like a response of HTTP: with headers, and as little fit for pickling."""

    def __init__(self, seconds: float) -> None:
        self.headers = {"Retry-After": str(seconds)}
        self.connection = threading.Lock()


class Refused(Exception):
    """Like a client's error: its constructor takes more than a message, and it holds the response."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status_code = status
        self.response = _Response(WAIT if status == 429 else 0)


def _own() -> Exception:
    try:
        raise KeyError("plan")
    except KeyError as error:
        own = LookupError("the tool was called with {'name': 'none'}")
        own.__cause__ = error
        return own


ERRORS: Mapping[str, Callable[[], BaseException]] = {
    "a limit": lambda: Refused("Rate limit reached", status=429),
    "a refused key": lambda: Refused("Incorrect API key provided", status=401),
    "an outage": lambda: ConnectionError("the line is dead"),
    "a fault": lambda: InfrastructureFault("the service is away", retry_after=3.0),
    "a model": lambda: ModelFault("there is no such model"),
    "its own": _own,
    "several": lambda: ExceptionGroup("both failed", [ValueError("one"), Refused("two", status=429)]),
    "an exit": lambda: SystemExit(3),
}
"""Makers of errors that the orders ``"raise"`` and ``"return"`` name."""


def _trajectory(text: str) -> Trajectory:
    tool = Step(kind="tool", name="look", inputs={"word": "“é”"}, output=[1, 2.5, None], seconds=0.25)
    usage = Usage(calls=1, input_tokens=3, output_tokens=2, dollars=0.125)
    model = Step(
        kind="model", name=MODEL, inputs=text, output="{}", usage=usage, parent=0, components=("plan",)
    )
    return Trajectory(steps=(tool, model))


def _obeyed(texts: Mapping[str, str], order: Mapping[str, Any]) -> Rollout:
    """What is done without waiting."""
    said = "; ".join(f"{name}: {text}" for name, text in sorted(texts.items()))
    match order["do"]:
        case "say":
            return Rollout(output=Said(f"{said}; {order['word']}"), trajectory=_trajectory(said))
        case "raise":
            raise ERRORS[order["error"]]()
        case "return":
            return Rollout(error=_error(order["error"]), trajectory=_trajectory(said))
        case "where":
            return Rollout(output=os.getpid())
        case "end":
            os._exit(1)
        case "write":
            _write(texts, order)
            return Rollout(output=said)
    raise ValueError(f"what is {order['do']!r}?")


def _error(name: str) -> Exception:
    error = ERRORS[name]()
    return error if isinstance(error, Exception) else RuntimeError(str(error))


def _write(texts: Any, order: Any) -> None:
    """Change what was given, as an app may."""
    texts["plan"] = "changed by the app"
    order["word"].append("changed by the app")


def _begin(order: Mapping[str, Any]) -> Path:
    """Say that the rollout is under way; returns the file that it waits for."""
    Path(order["begun"]).touch()
    return Path(order["go"])


def _is_to_wait(go: Path) -> bool:
    """Also whoever was left behind is to end, when the test has cleared up."""
    return go.parent.exists() and not go.exists()


def _called(call: Call, order: Mapping[str, Any]) -> Rollout:
    """A call of a model, which fails where the order says so."""
    if "error" in order:
        error = _error(order["error"])
        call.fail(error)
        return Rollout(output="it failed, and the app got over it")
    call.end(Usage(calls=1, input_tokens=5, output_tokens=4))
    return Rollout(output="called")


@attrs.define(eq=False, kw_only=True)
class AsyncObedient(ToySystem):
    """On the event loop. ``{"do": "block"}`` waits without letting anything else run."""

    model: Any = attrs.field(factory=_Model)

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Answer a number, or obey."""
        if not isinstance(inputs, Mapping):
            return await super().run(texts, inputs)
        match inputs["do"]:
            case "wait":
                go = _begin(inputs)
                while _is_to_wait(go):
                    await asyncio.sleep(_POLL)
                return Rollout(output="waited")
            case "block":
                return _waited(inputs)
            case "call":
                return _called(await current_calls().abegin(MODEL), inputs)
        return _obeyed(texts, inputs)


@attrs.define(eq=False, kw_only=True)
class SyncObedient(SyncToySystem):
    """On a thread."""

    model: Any = attrs.field(factory=_Model)

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Answer a number, or obey."""
        if not isinstance(inputs, Mapping):
            return super().run(texts, inputs)
        match inputs["do"]:
            case "wait" | "block":
                return _waited(inputs)
            case "call":
                return _called(current_calls().begin(MODEL), inputs)
        return _obeyed(texts, inputs)


def _waited(order: Mapping[str, Any]) -> Rollout:
    go = _begin(order)
    while _is_to_wait(go):
        time.sleep(_POLL)
    return Rollout(output="waited")


@attrs.define(eq=False, kw_only=True)
class Locked(AsyncObedient):
    """Holds what cannot be pickled, deep inside."""

    clients: dict[str, Any] = attrs.field(factory=lambda: {"search": [threading.Lock()]})


async_app, sync_app, locked_app = AsyncObedient(), SyncObedient(), Locked()
