"""What holds of an app of every shape, by its number and variant in `shapes.table`.

Every text is found, a candidate's texts arrive and nobody else's do, calls are attributed, and the app
itself stays as it is.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from gepa_langchain.system import AsyncSystem, SyncSystem

from gepa_core.adapters import choose_components
from gepa_core.jsonable import to_jsonable
from gepa_core.probe import probe, runner
from gepa_core.types import Component, Rollout

from .scripted import ScriptedModel
from .shapes.shape import App, Shape
from .shapes.table import SHAPES

# LangChain silences this warning of its own while it assigns, and other threads undo that: the filters of
# warnings belong to the whole process.
pytestmark = pytest.mark.filterwarnings("ignore:Direct attribute assignment to ModelRequest")

System = SyncSystem | AsyncSystem


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


@pytest.fixture
def model(shape: Shape) -> ScriptedModel:
    return shape.model()


def _systems(shape: Shape, app: App) -> Iterator[System]:
    """A system for each config."""
    for config in shape.configs:
        yield LangChainAdapter(config=config).wrap(app)


def _first(shape: Shape, model: ScriptedModel) -> System:
    return next(_systems(shape, shape.make(model)))


def _marked(system: System, word: str) -> dict[str, str]:
    """The app's texts, each with a mark of its own behind it."""
    return {
        component.name: f"{component.text} {word}{number}x"
        for number, component in enumerate(system.components)
    }


def _run(system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
    found = system.run(texts, inputs)
    rollout = found if isinstance(found, Rollout) else asyncio.run(found)
    assert rollout.error is None, rollout.error
    return rollout


def _invoke(app: App, inputs: Any, system: System) -> Any:
    """Run an app as its user would, with whichever of the two works."""
    runnable = app.with_config(system.calling.config)
    if isinstance(system, AsyncSystem):
        return asyncio.run(runnable.ainvoke(inputs))
    return runnable.invoke(inputs)


def _calls_of(model: ScriptedModel, app: App, inputs: Any, system: System) -> tuple[list[str], Any]:
    """What the model is sent in a run of the app, and the app's output."""
    model.forget()
    output = _invoke(app, inputs, system)
    return sorted(model.calls), to_jsonable(output)


def _is_description(component: Component) -> bool:
    return component.kind in ("tool_description", "argument_description", "schema_description")


def test_every_text_is_found_and_descriptions_are_told_from_prompts(
    shape: Shape, model: ScriptedModel
) -> None:
    components = LangChainAdapter().wrap(shape.make(model)).components
    assert tuple(one.name for one in components if not _is_description(one)) == shape.prompts
    assert tuple(one.name for one in components if _is_description(one)) == shape.descriptions
    assert LangChainAdapter().wrap(shape.make(model)).components == components


def test_each_text_is_described_for_people(shape: Shape, model: ScriptedModel) -> None:
    system = LangChainAdapter().wrap(shape.make(model))
    assert all(one.purpose and one.source for one in system.components)
    assert all(left.source and left.reason for left in system.left_alone)


def test_descriptions_are_optimised_only_when_asked_for(shape: Shape, model: ScriptedModel) -> None:
    components = LangChainAdapter().wrap(shape.make(model)).components
    if shape.prompts:
        chosen = choose_components(components, "prompts")
        assert tuple(one.name for one in chosen) == shape.prompts
    assert choose_components(components, "all") == tuple(components)


def test_every_texts_mark_reaches_a_model_or_is_reported_dead(shape: Shape, model: ScriptedModel) -> None:
    dead = set(shape.prompts + shape.descriptions)
    for system in _systems(shape, shape.make(model)):
        found = probe(system.components, shape.inputs, runner(system))
        assert found.errors == ()
        dead.intersection_update(found.dead)
        texts = _marked(system, "mark")
        model.forget()
        for inputs in shape.inputs:
            _run(system, texts, inputs)
        arrived = {name for number, name in enumerate(texts) if f"mark{number}x" in model.sent}
        assert arrived == set(found.live)
    assert dead == set(shape.dead)


def test_each_call_is_attributed_to_the_texts_in_it(shape: Shape, model: ScriptedModel) -> None:
    """The steps are compared with what the model itself was sent, messages and schemas."""
    for system in _systems(shape, shape.make(model)):
        texts = _marked(system, "mark")
        for inputs in shape.inputs:
            model.forget()
            steps = _run(system, texts, inputs).trajectory.steps
            expected = sorted(
                [name for number, name in enumerate(texts) if f"mark{number}x" in sent]
                for sent in model.calls
            )
            assert sorted(list(step.components) for step in steps if step.kind == "model") == expected


def test_tools_and_retrievals_are_captured(shape: Shape, model: ScriptedModel) -> None:
    steps = _run(_first(shape, model), {}, shape.inputs[0]).trajectory.steps
    assert tuple(step.name for step in steps if step.kind == "tool") == shape.tools
    assert sum(step.kind == "retrieval" for step in steps) == shape.retrievals
    assert any(step.kind == "model" for step in steps)
    for step in steps:
        assert step.output
        assert step.inputs
        if step.kind == "tool":
            assert f"tool.{step.name}" in step.components


def test_usage_is_complete(shape: Shape, model: ScriptedModel) -> None:
    usage = _run(_first(shape, model), {}, shape.inputs[0]).trajectory.usage
    assert usage.calls == len(model.conversations)
    assert (usage.input_tokens, usage.output_tokens) == (7 * usage.calls, 3 * usage.calls)
    assert usage.unmetered == 0


def test_seed_texts_behave_like_the_app_itself(shape: Shape, model: ScriptedModel) -> None:
    for config in shape.configs:
        app = shape.make(model)
        system = LangChainAdapter(config=config).wrap(app)
        seed = {one.name: one.text for one in system.components}
        for inputs in shape.inputs:
            built = _calls_of(model, system.build(seed), inputs, system)
            model.forget()
            rollout = _run(system, seed, inputs)
            captured = sorted(model.calls), to_jsonable(rollout.output)
            expected = _calls_of(model, app, inputs, system)
            assert built == expected
            assert captured == expected


def test_the_app_is_untouched_and_what_is_built_is_of_its_type(shape: Shape, model: ScriptedModel) -> None:
    for config in shape.configs:
        app = shape.make(model)
        system = LangChainAdapter(config=config).wrap(app)
        before = _calls_of(model, shape.make(model), shape.inputs[0], system)
        texts = _marked(system, "built")
        _run(system, texts, shape.inputs[0])
        built = system.build(texts)
        _invoke(built, shape.inputs[0], system)
        assert _calls_of(model, app, shape.inputs[0], system) == before
        assert type(built) is type(app)
        assert [one.text for one in LangChainAdapter().wrap(built).components] == list(texts.values())
        assert LangChainAdapter().wrap(app).components == system.components


def test_variables_of_the_copy_are_those_of_the_app(shape: Shape, model: ScriptedModel) -> None:
    app = shape.make(model)
    system = LangChainAdapter().wrap(app)
    built = system.build(_marked(system, "built"))
    assert built.get_input_jsonschema() == app.get_input_jsonschema()


def test_no_model_or_client_is_copied(shape: Shape, model: ScriptedModel) -> None:
    app = shape.make(model)
    system = LangChainAdapter(config=shape.configs[0]).wrap(app)
    _run(system, _marked(system, "mark"), shape.inputs[0])
    built = LangChainAdapter().wrap(system.build(_marked(system, "mark")))
    models = built.freshness.models  # those that put a text into messages are shells, with the same client
    assert [one for one in models if one is model or one.client is model.client]  # type: ignore[attr-defined]
    assert model.callbacks is None
    assert model.clients <= {id(model.client)}


def _check_words(rollouts: list[tuple[str, Rollout]]) -> None:
    """Each rollout was sent its own candidate's marks and no other's."""
    for word, rollout in rollouts:
        assert rollout.error is None, rollout.error
        sent = json.dumps([step.inputs for step in rollout.trajectory.steps])
        assert {other for other, _ in rollouts if other in sent} == {word}


def test_two_candidates_at_once_in_threads(shape: Shape) -> None:
    system = _first(shape, shape.model(delay=0.002))
    words = ["apple", "berry"] * 4
    candidates = {word: _marked(system, word) for word in words}
    with ThreadPoolExecutor(8) as pool:
        rollouts = list(pool.map(lambda word: _run(system, candidates[word], shape.inputs[0]), words))
    _check_words(list(zip(words, rollouts, strict=True)))


def test_two_candidates_at_once_in_asyncio(shape: Shape) -> None:
    app = shape.make(shape.model(delay=0.002))
    system = LangChainAdapter(mode="async", config=shape.configs[0]).wrap(app)
    assert isinstance(system, AsyncSystem)
    words = ["apple", "berry"] * 2  # LangGraph's sync tasks hold a thread of asyncio's few each

    async def run() -> list[Rollout]:
        return list(
            await asyncio.gather(*(system.run(_marked(system, word), shape.inputs[0]) for word in words))
        )

    _check_words(list(zip(words, asyncio.run(run()), strict=True)))


def test_only_an_app_with_async_steps_alone_is_run_on_the_loop(shape: Shape, model: ScriptedModel) -> None:
    assert isinstance(LangChainAdapter().wrap(shape.make(model)), AsyncSystem) == shape.is_async


def test_steps_are_in_the_same_order_in_every_run(shape: Shape, model: ScriptedModel) -> None:
    system = _first(shape, model)
    orders = set()
    for _ in range(3):
        steps = _run(system, {}, shape.inputs[0]).trajectory.steps
        said = json.dumps([(step.kind, step.name, _said(step.inputs)) for step in steps])
        orders.add(re.sub(r"id='[0-9a-f-]{36}'", "", said))
    assert len(orders) == 1


def _said(inputs: Any) -> Any:
    """Messages without the ids that LangGraph gives them."""
    if not isinstance(inputs, list):
        return inputs
    return [one.get("content") if isinstance(one, dict) else one for one in inputs]
