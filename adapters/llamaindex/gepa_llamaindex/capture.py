"""One pair of handlers on LlamaIndex's root dispatcher, shared by all rollouts and installed once.

Model calls, tool calls and retrievals are read from the spans around the framework's methods: these
tell the object that is called, so that a call is recorded from any thread, and once only. The event
handler adds what a streamed answer was in the end. LlamaIndex swallows what handlers raise.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent
from llama_index.core.instrumentation.span import BaseSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.tools import BaseTool
from llama_index_instrumentation import get_dispatcher

from gepa_core.faults.describe import describe
from gepa_core.types import StepKind
from gepa_llamaindex.pacing import model_name
from gepa_llamaindex.reading import (
    answer_json,
    arguments_json,
    model_json,
    nodes_json,
    parts_of,
    query_json,
    strings_in,
    tool_json,
)
from gepa_llamaindex.recorder import Recorder, Span
from gepa_llamaindex.routing import close_span, open_span, recorder_for, recorder_of
from gepa_llamaindex.usage import UNKNOWN, usage_of

_METHODS: tuple[tuple[type, StepKind, frozenset[str]], ...] = (
    (
        BaseLLM,
        "model",
        frozenset(
            f"{prefix}{name}" for prefix in ("", "a", "stream_", "astream_") for name in ("chat", "complete")
        ),
    ),
    (BaseTool, "tool", frozenset(("__call__", "call", "acall"))),
    (BaseRetriever, "retrieval", frozenset(("retrieve", "aretrieve"))),
    (BaseNodePostprocessor, "custom", frozenset(("_postprocess_nodes",))),
)
_installing = threading.Lock()


def install() -> None:
    """Put the handlers on the root dispatcher, unless they are there."""
    root_dispatcher = get_dispatcher("root")
    with _installing:
        if not any(isinstance(one, SpanRouter) for one in root_dispatcher.span_handlers):
            root_dispatcher.add_span_handler(SpanRouter())
            root_dispatcher.add_event_handler(EventRouter())


class SpanRouter(BaseSpanHandler[BaseSpan]):
    """Passes the spans of running rollouts to their recorders, and ignores all others."""

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex knows the handler by."""
        return "GepaSpanRouter"

    def span_enter(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        parent_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A call begins."""
        del tags, kwargs
        recorder = recorder_for(instance, parent_id)
        if recorder is not None and not recorder.closed:
            span = _span(recorder, id_, bound_args, instance, parent_id)
            recorder.enter(span)
            open_span(id_, recorder)

    def span_exit(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        result: Any | None = None,
        **kwargs: Any,
    ) -> None:
        """A call returned."""
        del bound_args, instance, kwargs
        recorder = recorder_of(id_)
        span = recorder.span(id_) if recorder is not None else None
        if recorder is None or span is None:
            return
        if (span.kind == "model" or span.same_as is not None) and _is_stream(result):
            span.streams = True
            return
        close_span(id_)
        _finish(recorder, span, result)

    def span_drop(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        err: BaseException | None = None,
        **kwargs: Any,
    ) -> None:
        """A call raised."""
        del bound_args, instance, kwargs
        recorder = recorder_of(id_)
        span = recorder.span(id_) if recorder is not None else None
        close_span(id_)
        if recorder is not None and span is not None:
            recorder.finish(span, error=describe(err) if err is not None else "it was dropped")

    def new_span(self, *args: Any, **kwargs: Any) -> None:
        """Not used: the recorders keep the spans."""

    def prepare_to_exit_span(self, *args: Any, **kwargs: Any) -> None:
        """Not used: the recorders keep the spans."""

    def prepare_to_drop_span(self, *args: Any, **kwargs: Any) -> None:
        """Not used: the recorders keep the spans."""


class EventRouter(BaseEventHandler):
    """Hears how streamed answers end."""

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex knows the handler by."""
        return "GepaEventRouter"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        """Something happened."""
        del kwargs
        if not isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent | ExceptionEvent):
            return
        recorder = recorder_of(event.span_id)
        span = recorder.span(event.span_id or "") if recorder is not None else None
        if recorder is None or span is None or not span.streams:
            return
        close_span(span.id)
        span.streams = False
        # The outermost level may announce nothing of its own; when it does, that comes last and counts.
        step = span.same_as if span.same_as is not None else span
        if isinstance(event, ExceptionEvent):
            recorder.finish(step, error=describe(event.exception))
        else:
            recorder.finish(step, output=answer_json(event.response), usage=usage_of(event.response))


def _span(
    recorder: Recorder, id_: str, bound: inspect.BoundArguments, instance: Any, parent: str | None
) -> Span:
    kind = _kind(id_, instance)
    span = Span(id=id_, parent=parent, kind=kind, owner=id(instance))
    if kind is None:
        return span
    span.name = _name_of(kind, instance)
    _read_inputs(span, kind, bound.arguments)
    around = recorder.around(parent, kind) or (recorder.streaming(span) if kind == "model" else None)
    if around is not None and _is_same_call(kind, around, span):
        span.kind, span.same_as = None, around
        return span
    if around is not None and kind == "model":
        around.kind = None  # a model that only passes its calls on to another one
    return span


def _kind(id_: str, instance: Any) -> StepKind | None:
    """Which sort of step a span is, by the object and the method: ``OpenAI.chat-3f2…``."""
    method = id_[: -len("-00000000-0000-0000-0000-000000000000")].rpartition(".")[2]
    for kind_of_object, kind, methods in _METHODS:
        if isinstance(instance, kind_of_object):
            return kind if method in methods else None
    return None


def _is_same_call(kind: StepKind, around: Span, span: Span) -> bool:
    """Whether a step of the same kind around it is the same call on another level.

    A model's ``chat`` may call its own ``complete``, and a tool's wrapper the tool.
    """
    if kind == "tool":
        return around.owner == span.owner or around.name == span.name
    return around.owner == span.owner and kind in ("model", "retrieval", "custom")


def _name_of(kind: StepKind, instance: Any) -> str:
    """What the app calls the object, if it calls it anything; its metadata may be the app's own code."""
    if kind == "model":
        return model_name(instance)
    name: object = ""
    if kind == "tool":
        with contextlib.suppress(Exception):
            name = instance.metadata.name
    return str(name) if name not in (None, "", "unknown") else type(instance).__name__


def _read_inputs(span: Span, kind: StepKind, arguments: dict[str, Any]) -> None:
    if kind == "model":
        prompt, options = _prompt_of(arguments)
        span.inputs, span.parts = model_json(prompt, options), parts_of(prompt)
        span.tools = list(strings_in(options))
        span.usage = UNKNOWN
    elif kind == "tool":
        span.inputs = arguments_json(arguments)
    elif kind == "retrieval":
        span.inputs = query_json(arguments.get("str_or_query_bundle"))
    else:
        span.inputs = nodes_json(arguments.get("nodes"))


def _prompt_of(arguments: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The messages or the prompt of a model call, and its other arguments, however they were passed."""
    given = {**arguments, **arguments.get("kwargs", {})}
    given.pop("kwargs", None)
    args = given.pop("args", ())
    for name in ("messages", "prompt"):
        if name in given:
            return given.pop(name), given
    return (args[0] if args else ""), given


def _finish(recorder: Recorder, span: Span, result: Any) -> None:
    match span.kind:
        case "model":
            recorder.finish(span, output=answer_json(result), usage=usage_of(result))
        case "tool":
            output, error = tool_json(result)
            recorder.finish(span, output=output, error=error)
        case None:
            recorder.finish(span)
        case _:
            recorder.finish(span, output=nodes_json(result))


def _is_stream(result: object) -> bool:
    return inspect.isgenerator(result) or inspect.isasyncgen(result)
