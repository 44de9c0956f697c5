"""Writing down what one rollout does, in order, from any thread or task."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import attrs

from gepa_agents.answers import UNKNOWN, Answer, ToolRequest
from gepa_agents.attribution import Attribution
from gepa_agents.reading import inputs_of, tool_results
from gepa_core.jsonable import to_jsonable
from gepa_core.pacing import Call, Calls
from gepa_core.types import Json, Step, StepKind, Trajectory, Usage

_current: ContextVar[Entry | None] = ContextVar("gepa_agents_entry", default=None)


@attrs.define(eq=False, kw_only=True)
class Entry:
    """A step that has begun."""

    recorder: Recorder = attrs.field(repr=False)
    kind: StepKind
    name: str
    parent: Entry | None = None
    inputs: Json = None
    output: Json = None
    error: str = "it did not finish"
    usage: Usage = Usage()
    components: tuple[str, ...] = ()
    began: float = attrs.field(factory=time.perf_counter)
    seconds: float = 0.0
    is_claimed: bool = False
    pending: Callable[[], None] | None = None
    """Writes down what has come of an answer that the app reads piece by piece."""
    call: Call = attrs.field(factory=Call)
    """The leave to call a model, which is told how it ended."""

    def finish(self, output: Json, usage: Usage | None = None) -> None:
        """It ended well."""
        self.output, self.error = output, ""
        self.usage = usage or self.usage
        self.seconds = time.perf_counter() - self.began
        self.call.end(self.usage)

    def fail(self, error: BaseException) -> None:
        """It ended with an error."""
        self.error = str(to_jsonable(error))
        self.seconds = time.perf_counter() - self.began
        self.call.fail(error)

    def settle(self) -> None:
        """What has come until now is all: the app did not read an answer to its end."""
        pending, self.pending = self.pending, None
        if pending is not None:
            pending()

    def answer(self, answer: Answer) -> None:
        """A model answered."""
        self.finish(answer.output, answer.usage)
        self.recorder.expect(answer.requests)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What begins in here is contained in this step."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


class Recorder:
    """The steps of one rollout.

    Agents that take a parameter named ``recorder`` are given one and add the steps that nobody else sees:
    `model_call`, `tool_call` and `step`.
    """

    def __init__(self, attribution: Attribution | None = None, calls: Calls | None = None) -> None:
        self.calls = calls or Calls()
        self._attribution = attribution or Attribution()
        self._entries: list[Entry] = []
        self._expected: dict[str, ToolRequest] = {}
        self._lock = threading.Lock()

    def model_call(
        self,
        name: str,
        inputs: object,
        output: object,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        dollars: float | None = None,
        seconds: float = 0.0,
        error: str = "",
    ) -> None:
        """Add a call of a model that the agent made in its own way.

        Args:
            name: the model.
            inputs: the messages as dicts with a role and a content, or the prompt as one string.
            output: what it answered.
            input_tokens: tokens sent; None when it is not known.
            output_tokens: tokens received; None when it is not known.
            dollars: what it cost; None when it is not known.
        """
        arguments = {"prompt" if isinstance(inputs, str) else "messages": inputs}
        self.add(
            "model",
            name,
            inputs=to_jsonable(inputs),
            output=to_jsonable(output),
            error=error,
            seconds=seconds,
            components=self._attribution.in_call(arguments),
            usage=Usage(
                calls=1,
                input_tokens=input_tokens or 0,
                output_tokens=output_tokens or 0,
                dollars=dollars or 0.0,
                unmetered=int(input_tokens is None or output_tokens is None),
                unpriced=int(dollars is None),
            ),
        )

    def tool_call(
        self, name: str, inputs: object, output: object, *, seconds: float = 0.0, error: str = ""
    ) -> None:
        """Add a call of a tool."""
        self.add(
            "tool",
            name,
            inputs=to_jsonable(inputs),
            output=to_jsonable(output),
            error=error,
            seconds=seconds,
            components=self._attribution.of_tool(name),
        )

    def step(
        self,
        name: str,
        inputs: object = None,
        output: object = None,
        *,
        kind: StepKind = "custom",
        components: tuple[str, ...] = (),
        seconds: float = 0.0,
        error: str = "",
    ) -> None:
        """Add anything else, such as a retrieval, with the components that took part."""
        self.add(
            kind,
            name,
            inputs=to_jsonable(inputs),
            output=to_jsonable(output),
            error=error,
            seconds=seconds,
            components=tuple(components),
        )

    def add(self, kind: StepKind, name: str, **held: Any) -> None:
        """Add a step that is over."""
        held.setdefault("error", "")
        self._append(Entry(recorder=self, kind=kind, name=name, parent=self._parent(), **held))

    def begin_model(self, name: str, arguments: Mapping[str, Any]) -> Entry:
        """A model is called with ``arguments``. Results of tools that only the messages tell come first."""
        self._read_back(arguments)
        return self._append(
            Entry(
                recorder=self,
                kind="model",
                name=name,
                parent=self._parent(),
                inputs=inputs_of(arguments),
                components=self._attribution.in_call(arguments),
                usage=UNKNOWN,
            )
        )

    def begin_tool(self, name: str, inputs: object) -> Entry:
        """A tool is called."""
        return self._append(
            Entry(
                recorder=self,
                kind="tool",
                name=name,
                parent=self._parent(),
                inputs=to_jsonable(inputs),
                components=self._attribution.of_tool(name),
            )
        )

    def expect(self, requests: Any) -> None:
        """A model asked for these calls of tools."""
        with self._lock:
            self._expected.update({one.id: one for one in requests if one.id})

    def trajectory(self) -> Trajectory:
        """What was written down so far, in the order in which the steps began."""
        with self._lock:
            entries = list(self._entries)
        for entry in entries:
            entry.settle()
        place = {id(entry): number for number, entry in enumerate(entries)}
        return Trajectory(steps=tuple(_step(entry, place) for entry in entries))

    def _append(self, entry: Entry) -> Entry:
        with self._lock:
            self._entries.append(entry)
        return entry

    def _parent(self) -> Entry | None:
        entry = _current.get()
        return entry if entry is not None and entry.recorder is self else None

    def _read_back(self, arguments: Mapping[str, Any]) -> None:
        """Add the results of tools that were asked for and that no recorded call accounts for."""
        for call_id, content in tool_results(arguments):
            with self._lock:
                request = self._expected.pop(call_id, None)
                recorded = request is not None and self._claim(request)
            if request is not None and not recorded:
                self.add(
                    "tool",
                    request.name,
                    inputs=request.arguments,
                    output=to_jsonable(content),
                    components=self._attribution.of_tool(request.name),
                    is_claimed=True,
                )

    def _claim(self, request: ToolRequest) -> bool:
        """Find the recorded call that ``request`` led to, preferably with the same arguments."""
        open_calls = [
            one
            for one in self._entries
            if one.kind == "tool" and one.name == request.name and not one.is_claimed
        ]
        same = [one for one in open_calls if one.inputs == request.arguments]
        for entry in (same or open_calls)[:1]:
            entry.is_claimed = True
            return True
        return False


def _step(entry: Entry, place: Mapping[int, int]) -> Step:
    return Step(
        kind=entry.kind,
        name=entry.name,
        inputs=entry.inputs,
        output=entry.output,
        error=entry.error,
        usage=entry.usage,
        seconds=entry.seconds,
        parent=place.get(id(entry.parent)) if entry.parent is not None else None,
        components=entry.components,
    )
