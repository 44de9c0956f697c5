"""Writes down what one rollout does, from the spans that LlamaIndex announces."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import attrs

from gepa_core.types import Json, Step, StepKind, Trajectory, Usage
from gepa_llamaindex.attribution import Attribution, Part

UNFINISHED = "it did not finish"
UNHEARD = "<streamed; the model did not announce how it ended>"


@attrs.define(eq=False, kw_only=True)
class Span:
    """One call of a method that LlamaIndex announces. ``kind`` is None for those that are no steps.

    Attributes:
        owner: id of the object whose method it is.
        same_as: the step around it that it is another level of.
        streams: whether it returned and its answer is still to come.
    """

    id: str
    parent: str | None
    kind: StepKind | None
    owner: int
    same_as: Span | None = None
    name: str = ""
    inputs: Json = None
    parts: Sequence[Part] = ()
    tools: Sequence[str] = ()
    output: Json = None
    error: str = UNFINISHED
    usage: Usage = Usage()
    began: float = attrs.field(factory=time.perf_counter)
    seconds: float = 0.0
    streams: bool = False


@attrs.define(eq=False)
class Recorder:
    """The spans of one rollout, from any thread, and the trajectory that they make."""

    attribution: Attribution
    closed: bool = False
    _spans: dict[str, Span] = attrs.field(factory=dict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def enter(self, span: Span) -> None:
        """A call begins."""
        with self._lock:
            if not self.closed:
                self._spans[span.id] = span

    def span_ids(self) -> list[str]:
        """Every call that was announced."""
        with self._lock:
            return list(self._spans)

    def span(self, span_id: str) -> Span | None:
        """A call that was announced."""
        return self._spans.get(span_id)

    def around(self, span_id: str | None, kind: StepKind) -> Span | None:
        """The nearest step of ``kind`` around, or at, a span."""
        span = self._spans.get(span_id or "")
        while span is not None:
            step = span.same_as or span
            if step.kind == kind:
                return step
            span = self._spans.get(span.parent or "")
        return None

    def streaming(self, span: Span) -> Span | None:
        """The call whose answer is being streamed by ``span``: the same model is sent the same once more.

        A generator of the model's own runs when the answer is read, outside of the call that made it.
        """
        with self._lock:
            return next(
                (
                    one
                    for one in self._spans.values()
                    if one.streams
                    and one.owner == span.owner
                    and one.kind == "model"
                    and one.parts == span.parts
                ),
                None,
            )

    def finish(self, span: Span, *, output: Json = None, error: str = "", usage: Usage | None = None) -> None:
        """A call ended, or the answer that it streamed did."""
        with self._lock:
            if not self.closed:
                span.output, span.error = output, error
                span.usage = usage or span.usage
                span.seconds = time.perf_counter() - span.began

    def close(self) -> Trajectory:
        """The steps so far, each behind the one that contains it; nothing is written down any more."""
        with self._lock:
            self.closed = True
            children: dict[str | None, list[Span]] = {}
            for span in self._spans.values():
                known = span.parent if span.parent in self._spans else None
                children.setdefault(known, []).append(span)
            steps: list[Step] = []
            self._append(children, None, None, steps)
            return Trajectory(steps=tuple(steps))

    def _append(
        self,
        children: dict[str | None, list[Span]],
        parent: str | None,
        position: int | None,
        steps: list[Step],
    ) -> None:
        for span in children.get(parent, ()):
            inner = position
            if span.kind is not None:
                inner = len(steps)
                steps.append(self._step(span, span.kind, position))
            self._append(children, span.id, inner, steps)

    def _step(self, span: Span, kind: StepKind, parent: int | None) -> Step:
        is_unheard = span.streams and span.error == UNFINISHED
        return Step(
            kind=kind,
            name=span.name,
            inputs=span.inputs,
            output=UNHEARD if is_unheard else span.output,
            error="" if is_unheard else span.error,
            usage=span.usage,
            seconds=span.seconds,
            parent=parent,
            components=self.attribution.components_in(span.parts, span.tools),
        )
