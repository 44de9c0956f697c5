"""What holds for every shape of app that the adapter takes. A plain assertion fails when one does not."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
from llama_index.core.base.llms.base import BaseLLM

from gepa_core.appgraph import walk
from gepa_core.types import Component, Rollout
from gepa_llamaindex.adapter import LlamaIndexAdapter
from gepa_llamaindex.policy import LlamaIndexPolicy
from gepa_llamaindex.routing import routes
from gepa_llamaindex.system import LlamaIndexSystem
from gepa_llamaindex.testing.models import ScriptedLLM

_CHAT_BEGINS = re.compile(r"\{%-?\s*chat\b.*?%\}")


@attrs.frozen(kw_only=True)
class Shape:
    """An app to hold the properties on.

    Attributes:
        make: makes a fresh app around the model that it is given.
        model: makes the model.
        inputs: what the app is run on.
        names: the components that should be found, by name.
        silent: those of them that do not reach a model with these inputs.
        steps: the kinds of steps that a rollout should have, at least.
        adapter: the adapter to wrap it with.
    """

    make: Callable[[ScriptedLLM], Any]
    model: Callable[[], ScriptedLLM]
    inputs: Any
    names: Collection[str]
    silent: Collection[str] = ()
    steps: Collection[str] = ("model",)
    adapter: LlamaIndexAdapter = attrs.field(factory=LlamaIndexAdapter)


def check_shape(shape: Shape) -> LlamaIndexSystem:
    """Hold every property on one shape; what is returned can be looked into further."""
    model = shape.model()
    app = shape.make(model)
    system = shape.adapter.wrap(app)
    check_found(shape, system)
    before = _texts_of(app)
    first = _rollout(system, marked(system, "A"), shape.inputs)
    assert first.error is None, repr(first.error)
    check_marks_arrive(shape, system, model, "A")
    check_captured(shape, first)
    check_isolated(shape, system, model)
    check_original_untouched(shape, app, model, before)
    check_export(app, system)
    assert routes() == 0, "a rollout has left routes behind"
    return system


def check_found(shape: Shape, system: LlamaIndexSystem) -> None:
    """Every text that should be found is, and nothing else."""
    names = sorted(component.name for component in system.components)
    assert sorted(shape.names) == names, f"found {names}, expected {sorted(shape.names)}"
    for component in system.components:
        assert component.purpose
        assert component.source


def check_marks_arrive(shape: Shape, system: LlamaIndexSystem, model: ScriptedLLM, mark: str) -> None:
    """The changed text of every component reaches the model, and no original text does."""
    everything = "\n".join(ask.everything for ask in model.seen)
    arrived = {one.name for one in system.components if _mark(mark, one.name) in everything}
    expected = set(shape.names) - set(shape.silent)
    assert arrived == expected, (
        f"missing {sorted(expected - arrived)}, unexpected {sorted(arrived - expected)}"
    )


def check_captured(shape: Shape, rollout: Rollout) -> None:
    """Model calls are attributed and metered; tools and retrievals have their inputs and outputs."""
    steps = rollout.trajectory.steps
    kinds = {step.kind for step in steps}
    assert set(shape.steps) <= kinds, f"the steps are {sorted(kinds)}"
    for step in steps:
        assert step.error == "", f"{step.name}: {step.error}"
        assert step.inputs not in (None, "", []), f"{step.name} has no inputs"
        assert step.parent is None or step.parent < steps.index(step)
    calls = [step for step in steps if step.kind == "model"]
    assert rollout.trajectory.usage.calls == len(calls)
    assert rollout.trajectory.usage.unmetered == 0
    expected = set(shape.names) - set(shape.silent)
    used = {name for step in calls for name in step.components}
    assert used == expected, (
        f"not attributed: {sorted(expected - used)}, unexpected {sorted(used - expected)}"
    )


def check_isolated(shape: Shape, system: LlamaIndexSystem, model: ScriptedLLM, *, rounds: int = 6) -> None:
    """Two candidates that run at the same time never see each other's texts."""
    model.seen.clear()
    marks = ["A" if number % 2 else "B" for number in range(rounds)]
    rollouts = _run_together(system, [marked(system, mark) for mark in marks], shape.inputs)
    assert len(model.seen) == sum(rollout.trajectory.usage.calls for rollout in rollouts)
    for mark, rollout in zip(marks, rollouts, strict=True):
        assert rollout.error is None, repr(rollout.error)
        other = "B" if mark == "A" else "A"
        sent = repr([(step.inputs, step.components) for step in rollout.trajectory.steps])
        assert f"MARK-{other}-" not in sent
    for ask in model.seen:
        assert not ("MARK-A-" in ask.everything and "MARK-B-" in ask.everything)


def check_original_untouched(
    shape: Shape, app: Any, model: ScriptedLLM, before: Sequence[tuple[str, str]]
) -> None:
    """The app that was wrapped holds and sends what it held before."""
    assert _texts_of(app) == list(before)
    model.seen.clear()
    fresh = shape.adapter.wrap(app)
    rollout = _rollout(fresh, {}, shape.inputs)
    assert rollout.error is None, repr(rollout.error)
    assert not any("MARK-" in ask.everything for ask in model.seen)


def check_export(app: Any, system: LlamaIndexSystem) -> None:
    """The exported app is of the same type, has the new texts, and shares models and their clients."""
    exported = system.build(marked(system, "X"))
    assert type(exported) is type(app)
    if system.components:
        assert exported is not app
    texts = [text for _, text in _texts_of(exported)]
    for component in system.components:
        if component.kind not in ("argument_description", "schema_description"):
            assert any(_mark("X", component.name) in text for text in texts), component.name
    originals = {id(value): value for value in _models(app)}
    for exported_model in _models(exported):
        if id(exported_model) not in originals:
            assert any(
                exported_model.__pydantic_private__["_client"] is one.__pydantic_private__["_client"]
                for one in originals.values()
            )


def marked(system: LlamaIndexSystem, mark: str) -> dict[str, str]:
    """A text for every component that says whose it is, and keeps its variables."""
    return {one.name: _with_mark(one, _mark(mark, one.name)) for one in system.components}


def _with_mark(component: Component, mark: str) -> str:
    """The mark stands inside of the first message, where the text makes several."""
    begin = _CHAT_BEGINS.search(component.text) if component.syntax == "jinja2" else None
    at = begin.end() if begin else 0
    return f"{component.text[:at]}{mark} {component.text[at:]}"


def _mark(mark: str, name: str) -> str:
    return f"MARK-{mark}-{name}-END"


def _rollout(system: LlamaIndexSystem, texts: Mapping[str, str], inputs: Any) -> Rollout:
    result = system.run(texts, inputs)
    return result if isinstance(result, Rollout) else asyncio.run(_awaited(result))


async def _awaited(rollout: Awaitable[Rollout]) -> Rollout:
    return await rollout


def _run_together(
    system: LlamaIndexSystem, candidates: Sequence[Mapping[str, str]], inputs: Any
) -> list[Rollout]:
    if not system.call.is_async:
        with ThreadPoolExecutor(max_workers=len(candidates)) as pool:
            return [
                rollout
                for rollout in pool.map(lambda texts: system.run(texts, inputs), candidates)
                if isinstance(rollout, Rollout)
            ]

    async def together() -> list[Rollout]:
        pending = [system.run(texts, inputs) for texts in candidates]
        return await asyncio.gather(*(one for one in pending if inspect.isawaitable(one)))

    return asyncio.run(together())


def _texts_of(app: Any) -> list[tuple[str, str]]:
    return [(site.source, site.text) for site in walk(app, LlamaIndexPolicy()).sites]


def _models(app: Any) -> list[Any]:
    graph = walk(app, LlamaIndexPolicy())
    return [node.value for node in graph.nodes.values() if isinstance(node.value, BaseLLM)]
