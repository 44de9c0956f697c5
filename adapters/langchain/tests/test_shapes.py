"""What holds of an app of every shape: all is found, a candidate's texts arrive, nothing else changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from gepa_langchain.system import AsyncSystem, LangChainSystem, SyncSystem

from gepa_core.jsonable import to_jsonable
from gepa_core.types import Rollout

from .conftest import RecordingModel
from .shapes import SHAPES, Shape


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


def _systems(shape: Shape, model: RecordingModel) -> Iterator[tuple[SyncSystem, Any]]:
    """A system for each config, with the app that it wraps."""
    app = shape.make(model)
    for config in shape.configs:
        system = LangChainAdapter(config=config).wrap(app)
        assert isinstance(system, SyncSystem)
        yield system, app


def _seed(system: LangChainSystem) -> dict[str, str]:
    return {component.name: component.text for component in system.components}


def _marked(system: LangChainSystem, word: str) -> dict[str, str]:
    """The seed's texts, each with a mark of its own behind it."""
    return {
        component.name: f"{component.text} {word}{number}x"
        for number, component in enumerate(system.components)
    }


def _sent(rollout: Rollout) -> str:
    """All that was sent to models, as one text."""
    return json.dumps([step.inputs for step in rollout.trajectory.steps if step.kind == "model"])


def _check(rollout: Rollout) -> Rollout:
    assert rollout.error is None, rollout.error
    return rollout


def test_the_components_are_found_and_named(shape: Shape, model: RecordingModel) -> None:
    system = LangChainAdapter().wrap(shape.make(model))
    assert tuple(component.name for component in system.components) == shape.names
    assert LangChainAdapter().wrap(shape.make(model)).components == system.components


def test_each_text_is_described_for_people(shape: Shape, model: RecordingModel) -> None:
    system = LangChainAdapter().wrap(shape.make(model))
    assert all(component.purpose and component.source for component in system.components)
    assert all(left.source and left.reason for left in system.left_alone)
    sources = [one.source for one in system.components] + [left.source for left in system.left_alone]
    assert len(set(sources)) == len(sources)


def test_every_texts_mark_reaches_a_model(shape: Shape, model: RecordingModel) -> None:
    sent = ""
    for system, _ in _systems(shape, model):
        for inputs in shape.inputs:
            sent += _sent(_check(system.run(_marked(system, "mark"), inputs)))
    assert [number for number in range(len(shape.names)) if f"mark{number}x" not in sent] == []


def test_model_calls_are_attributed_to_the_texts_in_them(shape: Shape, model: RecordingModel) -> None:
    for system, _ in _systems(shape, model):
        texts = _marked(system, "mark")
        for inputs in shape.inputs:
            for step in _check(system.run(texts, inputs)).trajectory.steps:
                sent = json.dumps(step.inputs)
                expected = {name for number, name in enumerate(texts) if f"mark{number}x" in sent}
                assert set(step.components) == expected


def test_seed_texts_behave_like_the_app_itself(shape: Shape, model: RecordingModel) -> None:
    for system, app in _systems(shape, model):
        for inputs in shape.inputs:
            model.seen.clear()
            expected = app.with_config(system.calling.config).invoke(inputs)
            calls = _contents(model)
            model.seen.clear()
            output = system.build(_seed(system)).with_config(system.calling.config).invoke(inputs)
            assert sorted(_contents(model)) == sorted(calls)
            assert to_jsonable(output) == to_jsonable(expected)


def _contents(model: RecordingModel) -> list[str]:
    return [json.dumps(to_jsonable(call)) for call in model.seen]


def test_the_app_itself_is_untouched_and_the_copy_is_of_its_type(shape: Shape, model: RecordingModel) -> None:
    for system, app in _systems(shape, model):
        runnable = app.with_config(system.calling.config)
        model.seen.clear()
        runnable.invoke(shape.inputs[0])
        before = sorted(_contents(model))
        built = system.build(_marked(system, "mark"))
        built.with_config(system.calling.config).invoke(shape.inputs[0])
        model.seen.clear()
        runnable.invoke(shape.inputs[0])
        assert sorted(_contents(model)) == before
        assert type(built) is type(app)
        assert LangChainAdapter().wrap(app).components == system.components


def test_variables_of_the_copy_are_those_of_the_app(shape: Shape, model: RecordingModel) -> None:
    for system, app in _systems(shape, model):
        built = system.build(_marked(system, "mark"))
        assert built.get_input_jsonschema() == app.get_input_jsonschema()
        assert [one.input_variables for one in built.get_prompts()] == [
            one.input_variables for one in app.get_prompts()
        ]


def _words(rollouts: list[tuple[str, Rollout]]) -> None:
    """Each rollout was sent its own candidate's marks, and no other's."""
    for word, rollout in rollouts:
        sent = _sent(_check(rollout))
        others = {other for other, _ in rollouts if other != word and other in sent}
        assert others == set()
        assert word in sent


def test_two_candidates_at_once_in_threads(shape: Shape) -> None:
    model = RecordingModel(delay=0.002)
    system = next(_systems(shape, model))[0]
    words = ["apple", "berry"] * 4
    candidates: dict[str, Mapping[str, str]] = {word: _marked(system, word) for word in set(words)}
    with ThreadPoolExecutor(8) as pool:
        rollouts = pool.map(lambda word: system.run(candidates[word], shape.inputs[0]), words)
        _words(list(zip(words, rollouts, strict=True)))


def test_two_candidates_at_once_in_asyncio(shape: Shape) -> None:
    model = RecordingModel(delay=0.002)
    system = LangChainAdapter(mode="async", config=shape.configs[0]).wrap(shape.make(model))
    assert isinstance(system, AsyncSystem)
    words = ["apple", "berry"] * 4

    async def run() -> list[Rollout]:
        return list(
            await asyncio.gather(*(system.run(_marked(system, word), shape.inputs[0]) for word in words))
        )

    _words(list(zip(words, asyncio.run(run()), strict=True)))
