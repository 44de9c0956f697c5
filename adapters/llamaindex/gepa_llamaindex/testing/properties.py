"""What holds for every shape of app that the adapter takes. A plain assertion fails when one does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import attrs
from llama_index.core.base.llms.base import BaseLLM

from gepa_core.appgraph import walk
from gepa_core.marks import texts_in
from gepa_core.probe import probe, runner
from gepa_core.types import Component, Rollout
from gepa_llamaindex.policy import LlamaIndexPolicy
from gepa_llamaindex.routing import routes
from gepa_llamaindex.system import LlamaIndexSystem
from gepa_llamaindex.testing.models import Ask
from gepa_llamaindex.testing.shape import Shape, Trial

_CHAT_BEGINS = re.compile(r"\{%-?\s*chat\b.*?%\}")
_ONLY_IN_CLASSES = ("argument_description", "schema_description")


def every_text_is_found(shape: Shape) -> None:
    """Every text that should be is a component, nothing else is, and each says what it is for."""
    components = shape.trial().system.components
    assert sorted(one.name for one in components) == sorted(shape.names)
    assert all(one.purpose and one.source for one in components)
    assert shape.trial().system.components == components, "names or texts differ from one app to the next"


def what_is_left_alone_has_a_reason(shape: Shape) -> None:
    """Each text that was found and is no component says why, and none is both."""
    system = shape.trial().system
    assert all(one.source and one.reason and one.text for one in system.left_alone)
    sources = [*(one.source for one in system.components), *(one.source for one in system.left_alone)]
    assert len(set(sources)) == len(sources)


def every_mark_reaches_a_model(shape: Shape) -> None:
    """The changed text of every live component reaches the model, and no dead one's does."""
    trial = shape.trial()
    trial.run(marked(trial.system, "A"))
    assert _arrived(trial, "A", trial.llm.seen) == shape.live


def the_probe_tells_live_from_dead(shape: Shape) -> None:
    """The probe finds what reaches a model and what does not, and no instruction that nobody owns."""
    trial = shape.trial()
    found = probe(trial.system.components, [shape.inputs], runner(trial.system))
    assert (set(found.live), set(found.dead)) == (shape.live, set(shape.silent))
    assert (found.uncovered, found.errors, found.caches) == ((), (), False)


def candidates_in_threads_are_apart(shape: Shape) -> None:
    """Two candidates that run at the same time in threads never see each other's texts."""
    trial = shape.trial()
    _apart(trial, trial.run_in_threads)


def candidates_in_asyncio_are_apart(shape: Shape) -> None:
    """Two candidates that run at the same time on one event loop never see each other's texts."""
    trial = shape.trial(attrs.evolve(shape.adapter, mode="async"))
    if not trial.system.call.is_async:
        return  # it has no async method; `mode` says so in the docs
    _apart(trial, trial.run_together)


def model_calls_are_attributed_and_metered(shape: Shape) -> None:
    """A model's step names the components that are in what was sent, and knows its tokens."""
    trial = shape.trial()
    trajectory = trial.run(marked(trial.system, "A")).trajectory
    calls = [step for step in trajectory.steps if step.kind == "model"]
    for step in calls:
        sent = "\n".join(texts_in(step.inputs))
        there = [one.name for one in trial.system.components if _mark("A", one.name) in sent]
        assert list(step.components) == there
    assert {name for step in calls for name in step.components} == shape.live
    assert trajectory.usage.calls == len(calls) == len(trial.llm.seen)
    assert trajectory.usage.unmetered == 0


def tools_and_retrievals_are_captured(shape: Shape) -> None:
    """Every kind of step that should be there is, each with what went in and came out, and its parent."""
    trial = shape.trial()
    steps = trial.run({}).trajectory.steps
    assert set(shape.steps) <= {step.kind for step in steps}
    for number, step in enumerate(steps):
        assert step.error == "", f"{step.name}: {step.error}"
        assert step.inputs not in (None, "", []), f"{step.name} has no inputs"
        assert step.output is not None, f"{step.name} has no output"
        assert step.parent is None or step.parent < number
    assert routes() == 0, "a rollout has left routes behind"


def the_original_is_untouched(shape: Shape) -> None:
    """After rollouts and a build the app holds and asks what an app that was never wrapped does."""
    never = shape.trial()
    trial = shape.trial()
    before = _texts_of(trial.app)
    trial.run(marked(trial.system, "A"))
    trial.system.build(marked(trial.system, "B"))
    assert _texts_of(trial.app) == before
    assert trial.asked(trial.app) == never.asked(never.app)


def the_exported_app_is_the_users_own_type(shape: Shape) -> None:
    """A built app has the app's type and the new texts, which reach its model when users call it."""
    trial = shape.trial()
    built = trial.system.build(marked(trial.system, "X"))
    assert type(built) is type(trial.app)
    assert built is not trial.app or not shape.names
    held = [text for _, text in _texts_of(built)]
    for one in trial.system.components:
        if one.kind not in _ONLY_IN_CLASSES and one.name not in trial.system.sent:
            assert any(_mark("X", one.name) in text for text in held), one.name
    trial.asked(built)
    assert _arrived(trial, "X", trial.llm.seen) == shape.live


def no_client_is_copied(shape: Shape) -> None:
    """Rollouts and built apps use the client of the app's own model, which is made once."""
    trial = shape.trial()
    built = trial.system.build(marked(trial.system, "X"))
    trial.asked(built)
    trial.run(marked(trial.system, "A"))
    trial.run_in_threads([{}, marked(trial.system, "B")])
    assert trial.llm.client.calls == len(trial.llm.seen)
    models = [*_models(trial.app), *_models(built)]
    assert {id(one.client) for one in models} <= {id(trial.llm.client)}


def seed_texts_behave_like_the_app(shape: Shape) -> None:
    """A rollout, and a built app, with the app's own texts ask and answer what the app does."""
    never = shape.trial()
    expected = never.asked(never.app)
    for texts in ({}, shape.trial().seed):
        trial = shape.trial()
        rollout = trial.run(texts)
        assert (sorted(ask.everything for ask in trial.llm.seen), str(rollout.output)) == expected
        trial = shape.trial()
        assert trial.asked(trial.system.build(texts)) == expected


PROPERTIES: Sequence[Callable[[Shape], None]] = (
    every_text_is_found,
    what_is_left_alone_has_a_reason,
    every_mark_reaches_a_model,
    the_probe_tells_live_from_dead,
    candidates_in_threads_are_apart,
    candidates_in_asyncio_are_apart,
    model_calls_are_attributed_and_metered,
    tools_and_retrievals_are_captured,
    the_original_is_untouched,
    the_exported_app_is_the_users_own_type,
    no_client_is_copied,
    seed_texts_behave_like_the_app,
)
"""All of them."""


def check_shape(shape: Shape) -> None:
    """Hold every property on one shape."""
    for holds in PROPERTIES:
        holds(shape)


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


def _arrived(trial: Trial, mark: str, seen: Sequence[Ask]) -> set[str]:
    everything = "\n".join(ask.everything for ask in seen)
    return {one.name for one in trial.system.components if _mark(mark, one.name) in everything}


def _apart(trial: Trial, run: Callable[[list[dict[str, str]]], list[Rollout]]) -> None:
    marks = ["A", "B"] * 3
    rollouts = run([marked(trial.system, mark) for mark in marks])
    assert len(trial.llm.seen) == sum(rollout.trajectory.usage.calls for rollout in rollouts)
    for mark, rollout in zip(marks, rollouts, strict=True):
        assert rollout.error is None, repr(rollout.error)
        sent = repr([(step.inputs, step.components) for step in rollout.trajectory.steps])
        assert f"MARK-{'B' if mark == 'A' else 'A'}-" not in sent
        assert f"MARK-{mark}-" in sent or not trial.shape.live
    for ask in trial.llm.seen:
        assert not ("MARK-A-" in ask.everything and "MARK-B-" in ask.everything)


def _texts_of(app: Any) -> list[tuple[str, str]]:
    return [(site.source, site.text) for site in walk(app, LlamaIndexPolicy()).sites]


def _models(app: Any) -> list[Any]:
    graph = walk(app, LlamaIndexPolicy())
    return [node.value for node in graph.nodes.values() if isinstance(node.value, BaseLLM)]
