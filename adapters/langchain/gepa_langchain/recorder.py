"""A callback handler that writes down what one rollout does."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from gepa_core.jsonable import to_jsonable
from gepa_core.types import Json, Step, StepKind, Trajectory, Usage
from gepa_langchain.attribution import Attribution, Part
from gepa_langchain.reading import answer_of, name_of, parts_of, usage_of

_BRANCH = "map:key:"


@attrs.define(eq=False, kw_only=True)
class Run:
    """One run of LangChain's tree of runs. ``kind`` is None for chains, which are no steps."""

    kind: StepKind | None
    name: str
    parent: UUID | None
    branch: str
    began: float
    inputs: Json = None
    parts: Sequence[Part] = ()
    output: Json = None
    error: str = "it did not finish"
    usage: Usage = Usage()
    seconds: float = 0.0


class Recorder(BaseCallbackHandler):
    """Writes down model calls, tool calls and retrievals of one rollout, from any thread.

    LangChain calls it where an event happens, not on a thread of its own (``run_inline``).

    Attributes:
        attribution: that of the candidate which runs, set before anything happens.
    """

    run_inline = True

    def __init__(self) -> None:
        self.attribution = Attribution(())
        self._runs: dict[UUID, Run] = {}
        self._lock = threading.Lock()

    def trajectory(self) -> Trajectory:
        """What was written down so far: each step behind what contains it.

        Branches that ran at the same time are in the order of their keys, not of their timing.
        """
        with self._lock:
            children: dict[UUID | None, list[UUID]] = {}
            for run_id, run in self._runs.items():
                known = run.parent if run.parent in self._runs else None
                children.setdefault(known, []).append(run_id)
            steps: list[Step] = []
            self._append(children, None, None, steps)
            return Trajectory(steps=tuple(steps))

    def _append(
        self,
        children: dict[UUID | None, list[UUID]],
        parent: UUID | None,
        position: int | None,
        steps: list[Step],
    ) -> None:
        for run_id in sorted(children.get(parent, ()), key=lambda one: self._runs[one].branch):
            run = self._runs[run_id]
            inner = position
            if run.kind is not None:
                inner = len(steps)
                steps.append(self._step(run, run.kind, position))
            self._append(children, run_id, inner, steps)

    def _step(self, run: Run, kind: StepKind, parent: int | None) -> Step:
        return Step(
            kind=kind,
            name=run.name,
            inputs=run.inputs,
            output=run.output,
            error=run.error,
            usage=run.usage,
            seconds=run.seconds,
            parent=parent,
            components=self.attribution.components_in(run.parts),
        )

    def _begin(
        self, kind: StepKind | None, serialized: Any, run_id: UUID, about: dict[str, Any], **held: Any
    ) -> None:
        branches = [tag for tag in about.get("tags") or () if tag.startswith(_BRANCH)]
        run = Run(
            kind=kind,
            name=name_of(kind, serialized, about) if kind else "",
            parent=about.get("parent_run_id"),
            branch=branches[-1] if branches else "",
            began=time.perf_counter(),
            **held,
        )
        with self._lock:
            self._runs[run_id] = run

    def _end(self, run_id: UUID, *, output: Json = None, error: str = "", usage: Usage | None = None) -> None:
        with self._lock:
            run = self._runs.get(run_id)
            if run is not None:
                run.output, run.error = output, error
                run.usage = usage or run.usage
                run.seconds = time.perf_counter() - run.began

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        said = [message for conversation in messages for message in conversation]
        parts = [part for message in said for part in parts_of(message)]
        usage = Usage(calls=1, unmetered=1, unpriced=1)
        self._begin("model", serialized, run_id, kwargs, inputs=to_jsonable(said), parts=parts, usage=usage)

    def on_llm_start(
        self, serialized: dict[str, Any], prompts: list[str], *, run_id: UUID, **kwargs: Any
    ) -> None:
        inputs = to_jsonable(prompts[0] if len(prompts) == 1 else prompts)
        parts = [("", prompt) for prompt in prompts]
        usage = Usage(calls=1, unmetered=1, unpriced=1)
        self._begin("model", serialized, run_id, kwargs, inputs=inputs, parts=parts, usage=usage)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, output=answer_of(response), usage=usage_of(response))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error=_said(error))

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = to_jsonable(input_str if inputs is None else inputs)
        self._begin("tool", serialized, run_id, kwargs, inputs=given)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        said = output.content if isinstance(output, BaseMessage) else output
        self._end(run_id, output=to_jsonable(said))

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error=_said(error))

    def on_retriever_start(
        self, serialized: dict[str, Any], query: str, *, run_id: UUID, **kwargs: Any
    ) -> None:
        self._begin("retrieval", serialized, run_id, kwargs, inputs=to_jsonable(query))

    def on_retriever_end(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, output=to_jsonable(documents))

    def on_retriever_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        self._end(run_id, error=_said(error))

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: Any,  # noqa: ARG002
        *,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        self._begin(None, serialized, run_id, kwargs)


def _said(error: BaseException) -> str:
    return str(to_jsonable(error))
