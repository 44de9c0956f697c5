"""A callback handler that writes down what one rollout does."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import attrs
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from gepa_core.jsonable import to_jsonable
from gepa_core.pacing import Calls
from gepa_core.types import Json, Step, StepKind, Trajectory, Usage
from gepa_langchain.attribution import Attribution, Part
from gepa_langchain.pacing import Leaves
from gepa_langchain.reading import answer_of, inputs_of, name_of, offered_in, parts_of, usage_of

_BRANCH = "map:key:"
_STEP = "graph:step:"
_TASK = "__pregel_push"
_UNKNOWN = Usage(calls=1, unmetered=1, unpriced=1)
_NUMBER = re.compile(r"\d+$")

Rank = tuple[object, ...]


@attrs.define(eq=False, kw_only=True)
class Run:
    """One run of LangChain's tree of runs. ``kind`` is None for chains, which are no steps.

    Most runs are chains, of which nothing but the place in the tree is of interest, and most have no
    sibling: where one stands among siblings is only worked out when that is asked.
    """

    kind: StepKind | None
    name: str
    parent: UUID | None
    tags: Sequence[str]
    path: object
    began: float
    inputs: Json = None
    parts: Sequence[Part] = ()
    output: Json = None
    error: str = "it did not finish"
    usage: Usage = Usage()
    seconds: float = 0.0
    ended: float = math.inf

    @property
    def branch(self) -> str:
        """The key of a parallel map or the step of a graph that it is in; empty for neither."""
        branches = [tag for tag in self.tags if tag.startswith((_BRANCH, _STEP))]
        return _padded(branches[-1]) if branches else ""

    @property
    def place(self) -> Rank:
        """Where LangGraph says that it is."""
        return _rank(self.path)

    @property
    def is_task(self) -> bool:
        """Whether it is a task of LangGraph's functional API."""
        return isinstance(self.path, tuple | list) and _TASK in self.path

    @property
    def content(self) -> Rank:
        """What to order runs by that happened at the same time."""
        return (self.place, self.name, json.dumps(self.inputs, sort_keys=True))


class Recorder(BaseCallbackHandler):
    """Writes down model calls, tool calls and retrievals of one rollout, from any thread.

    LangChain calls it where an event happens, not on a thread of its own (``run_inline``).

    Attributes:
        attribution: that of the candidate which runs, set before anything happens.
        leaves: what models ask before they are called.
    """

    run_inline = True

    def __init__(self, calls: Calls | None = None) -> None:
        self.leaves = Leaves(calls or Calls())
        self.attribution = Attribution(())
        self._runs: dict[UUID, Run] = {}  # one entry at a time, which needs no lock

    def trajectory(self) -> Trajectory:
        """What was written down so far: each step behind what contains it.

        What ran at the same time is in an order that does not depend on timing: branches of a map by their
        keys, nodes of a graph by step and name, tasks as they were called, other calls by what they were
        given.
        """
        runs = dict(self._runs)
        children: dict[UUID | None, list[UUID]] = {}
        root = next(iter(runs), None)
        for run_id, run in runs.items():
            known = run.parent if run.parent in runs else None
            if known is None and root is not None and run_id != root and runs[root].kind is None:
                known = root  # made in a thread of the app's own, which knows of no parent
            children.setdefault(known, []).append(run_id)
        ordered = {
            parent: self._in_order(held) if len(held) > 1 else held for parent, held in children.items()
        }
        steps: list[Step] = []
        self._append(ordered, None, None, steps)
        return Trajectory(steps=tuple(steps))

    def _append(
        self,
        children: dict[UUID | None, list[UUID]],
        parent: UUID | None,
        position: int | None,
        steps: list[Step],
    ) -> None:
        for run_id in children.get(parent, ()):
            run = self._runs[run_id]
            inner = position
            if run.kind is not None:
                inner = len(steps)
                steps.append(self._step(run, run.kind, position))
            self._append(children, run_id, inner, steps)

    def _in_order(self, siblings: Sequence[UUID]) -> list[UUID]:
        branches = {one: self._runs[one].branch for one in siblings}
        ordered: list[UUID] = []
        for branch, same_branch in groupby(sorted(siblings, key=branches.__getitem__), branches.__getitem__):
            runs = [(one, self._runs[one]) for one in same_branch]
            for at_once in [runs] if branch.startswith(_STEP) else _overlapping(runs):
                if len(at_once) > 1:
                    at_once.sort(key=lambda pair: pair[1].content)
                ordered += [one for one, _ in at_once]
        return self._with_tasks_in_order(ordered)

    def _with_tasks_in_order(self, siblings: list[UUID]) -> list[UUID]:
        """Tasks stand where tasks stood, as they were called: they begin whenever a thread is free."""
        places = {one: run.place for one in siblings if (run := self._runs[one]).is_task}
        in_order = iter(sorted(places, key=places.__getitem__))
        return [next(in_order) if one in places else one for one in siblings]

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
            components=(
                self.attribution.components_of_tool(run.name)
                if kind == "tool"
                else self.attribution.components_in(run.parts)
            ),
        )

    def _begin(
        self, kind: StepKind | None, serialized: Any, run_id: UUID, about: dict[str, Any], **held: Any
    ) -> None:
        metadata = about.get("metadata")
        self._runs[run_id] = Run(
            kind=kind,
            name=name_of(kind, serialized, about) if kind else str(about.get("name") or ""),
            parent=about.get("parent_run_id"),
            tags=tuple(about.get("tags") or ()),
            path=metadata.get("langgraph_path") if metadata else None,
            began=time.perf_counter(),
            **held,
        )

    def _end(self, run_id: UUID, *, output: Json = None, error: str = "", usage: Usage | None = None) -> None:
        run = self._runs.get(run_id)
        if run is not None:
            run.output, run.error = output, error
            run.usage = usage or run.usage
            run.ended = time.perf_counter()
            run.seconds = run.ended - run.began

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        said = [message for conversation in messages for message in conversation]
        parts = [part for message in said for part in parts_of(message)]
        offered, descriptions = offered_in(kwargs.get("invocation_params") or {})
        inputs = inputs_of(said, offered)
        parts += descriptions
        self._begin("model", serialized, run_id, kwargs, inputs=inputs, parts=parts, usage=_UNKNOWN)
        self.leaves.announce(self._runs[run_id].name)

    def on_llm_start(
        self, serialized: dict[str, Any], prompts: list[str], *, run_id: UUID, **kwargs: Any
    ) -> None:
        inputs = to_jsonable(prompts[0] if len(prompts) == 1 else prompts)
        parts = [("", prompt) for prompt in prompts]
        self._begin("model", serialized, run_id, kwargs, inputs=inputs, parts=parts, usage=_UNKNOWN)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, output=answer_of(response), usage=usage_of(response))
        if run := self._runs.get(run_id):
            self.leaves.take(run.name).end(run.usage)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error=_said(error))
        if run := self._runs.get(run_id):
            self.leaves.take(run.name).fail(error)

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

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        self._end(run_id, error=_said(error))


Pair = tuple[UUID, Run]


def _overlapping(runs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Runs in the order in which they began; together those that began before an earlier one ended."""
    together: list[Pair] = []
    until = -math.inf
    for pair in runs:
        if together and pair[1].began >= until:
            yield together
            together, until = [], -math.inf
        together.append(pair)
        until = max(until, pair[1].ended)
    if together:
        yield together


def _padded(tag: str) -> str:
    """A tag with its number written so that texts sort as numbers do."""
    return _NUMBER.sub(lambda match: match.group().zfill(8), tag) if tag.startswith(_STEP) else tag


def _rank(path: object) -> Rank:
    """A path of LangGraph's, made of names and numbers, as something that can be compared with others."""
    if isinstance(path, tuple | list):
        return (2, *(part for one in path for part in _rank(one)))
    return (0, f"{path:08}") if isinstance(path, int) else (1, str(path or ""))


def _said(error: BaseException) -> str:
    return str(to_jsonable(error))
