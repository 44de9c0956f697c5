"""What holds of agents and graphs of every shape: as for chains, with tools, retrievals and descriptions."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from gepa_langchain.system import AsyncSystem, SyncSystem

from gepa_core.adapters import choose_components
from gepa_core.jsonable import to_jsonable
from gepa_core.types import Component, Rollout

from .agents import AGENTS, Agent
from .scripted import ScriptedModel

# LangChain silences this warning of its own in a way that other threads undo.
pytestmark = pytest.mark.filterwarnings("ignore:Direct attribute assignment to ModelRequest")

System = SyncSystem | AsyncSystem


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest) -> Agent:
    return AGENTS[request.param]


@pytest.fixture
def model(agent: Agent) -> ScriptedModel:
    return ScriptedModel(script=list(agent.script))


def _marked(system: System, word: str) -> dict[str, str]:
    return {
        component.name: f"{component.text} {word}{number}x"
        for number, component in enumerate(system.components)
    }


def _run(system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
    found = system.run(texts, inputs)
    rollout = found if isinstance(found, Rollout) else asyncio.run(found)
    assert rollout.error is None, rollout.error
    return rollout


def _is_description(component: Component) -> bool:
    return component.kind in ("tool_description", "argument_description", "schema_description")


def test_every_text_is_found_and_descriptions_are_told_from_prompts(
    agent: Agent, model: ScriptedModel
) -> None:
    components = LangChainAdapter().wrap(agent.make(model)).components
    assert tuple(one.name for one in components if not _is_description(one)) == agent.names
    assert tuple(one.name for one in components if _is_description(one)) == agent.descriptions
    assert all(one.purpose and one.source for one in components)
    assert LangChainAdapter().wrap(agent.make(model)).components == components


def test_descriptions_are_optimised_only_when_asked_for(agent: Agent, model: ScriptedModel) -> None:
    components = LangChainAdapter().wrap(agent.make(model)).components
    if agent.names:
        chosen = choose_components(components, "prompts")
        assert tuple(one.name for one in chosen) == agent.names
    assert choose_components(components, "all") == tuple(components)


def test_every_texts_mark_reaches_a_model(agent: Agent, model: ScriptedModel) -> None:
    system = LangChainAdapter().wrap(agent.make(model))
    texts = _marked(system, "mark")
    _run(system, texts, agent.inputs)
    assert [name for number, name in enumerate(texts) if f"mark{number}x" not in model.sent] == []


def test_each_call_is_attributed_to_the_texts_in_it(agent: Agent, model: ScriptedModel) -> None:
    """The steps are compared with what the model itself was sent, messages and schemas."""
    system = LangChainAdapter().wrap(agent.make(model))
    texts = _marked(system, "mark")
    steps = _run(system, texts, agent.inputs).trajectory.steps
    expected = sorted(
        [name for number, name in enumerate(texts) if f"mark{number}x" in sent] for sent in _calls(model)
    )
    assert sorted(list(step.components) for step in steps if step.kind == "model") == expected


def _calls(model: ScriptedModel) -> list[str]:
    return [
        _without_ids(json.dumps([[message.content for message in said], options], default=str))
        for said, options in model._seen
    ]


def _without_ids(text: str) -> str:
    """LangGraph gives messages random ids, which older summaries show to the model."""
    return re.sub(r"id='[0-9a-f-]{36}'", "", text)


def test_tools_and_retrievals_are_captured(agent: Agent, model: ScriptedModel) -> None:
    system = LangChainAdapter().wrap(agent.make(model))
    steps = _run(system, {}, agent.inputs).trajectory.steps
    assert tuple(step.name for step in steps if step.kind == "tool") == agent.tools
    assert sum(step.kind == "retrieval" for step in steps) == agent.retrievals
    for step in steps:
        if step.kind == "tool":
            assert f"tool.{step.name}" in step.components
            assert step.output
            assert step.inputs


def _invoke(app: Any, inputs: Any) -> Any:
    """Run an app as its user would, with whichever of the two works."""
    if isinstance(LangChainAdapter().wrap(app), AsyncSystem):
        return asyncio.run(app.ainvoke(inputs))
    return app.invoke(inputs)


def test_seed_texts_behave_like_the_app_itself(agent: Agent, model: ScriptedModel) -> None:
    app = agent.make(model)
    system = LangChainAdapter().wrap(app)
    expected = _invoke(app, agent.inputs)
    calls = sorted(_calls(model))
    model.forget()
    output = _invoke(system.build({one.name: one.text for one in system.components}), agent.inputs)
    assert sorted(_calls(model)) == calls
    assert to_jsonable(output) == to_jsonable(expected)
    model.forget()
    rollout = _run(system, {}, agent.inputs)
    assert sorted(_calls(model)) == calls
    assert to_jsonable(rollout.output) == to_jsonable(expected)


def test_the_app_is_untouched_and_what_is_built_is_of_its_type(agent: Agent, model: ScriptedModel) -> None:
    app = agent.make(model)
    system = LangChainAdapter().wrap(app)
    _invoke(app, agent.inputs)
    before = sorted(_calls(model))
    _run(system, _marked(system, "mark"), agent.inputs)
    built = system.build(_marked(system, "built"))
    model.forget()
    _invoke(built, agent.inputs)
    assert "built0x" in model.sent
    model.forget()
    _invoke(app, agent.inputs)
    assert sorted(_calls(model)) == before
    assert type(built) is type(app)
    assert LangChainAdapter().wrap(app).components == system.components
    assert [one.text for one in LangChainAdapter().wrap(built).components] == list(
        _marked(system, "built").values()
    )


def test_a_built_app_has_the_apps_own_models(agent: Agent, model: ScriptedModel) -> None:
    app = agent.make(model)
    system = LangChainAdapter().wrap(app)
    _run(system, {}, agent.inputs)
    built = LangChainAdapter().wrap(system.build(_marked(system, "mark")))
    models = [one for one in built.freshness.models if one is model]
    assert models == [model]
    assert model.callbacks is None


def _check_words(rollouts: list[tuple[str, Rollout]]) -> None:
    """Each rollout was sent its own candidate's marks and no other's."""
    for word, rollout in rollouts:
        assert rollout.error is None, rollout.error
        sent = json.dumps([step.inputs for step in rollout.trajectory.steps])
        assert {other for other, _ in rollouts if other in sent} == {word}
        assert any(step.components for step in rollout.trajectory.steps)


def test_two_candidates_at_once_in_threads(agent: Agent, model: ScriptedModel) -> None:
    system = LangChainAdapter().wrap(agent.make(model))
    words = ["apple", "berry"] * 4
    with ThreadPoolExecutor(8) as pool:
        rollouts = list(pool.map(lambda word: _run(system, _marked(system, word), agent.inputs), words))
    _check_words(list(zip(words, rollouts, strict=True)))


def test_two_candidates_at_once_in_asyncio(agent: Agent, model: ScriptedModel) -> None:
    system = LangChainAdapter(mode="async").wrap(agent.make(model))
    assert isinstance(system, AsyncSystem)
    words = ["apple", "berry"] * 2  # LangGraph's sync tasks hold a thread of asyncio's few each

    async def run() -> list[Rollout]:
        return list(
            await asyncio.gather(*(system.run(_marked(system, word), agent.inputs) for word in words))
        )

    _check_words(list(zip(words, asyncio.run(run()), strict=True)))


def test_an_app_with_async_steps_only_is_run_on_the_loop(agent: Agent, model: ScriptedModel) -> None:
    is_async = isinstance(LangChainAdapter().wrap(agent.make(model)), AsyncSystem)
    assert is_async == agent.make.__name__.startswith("async_")


def test_steps_are_in_the_same_order_in_every_run(agent: Agent, model: ScriptedModel) -> None:
    system = LangChainAdapter().wrap(agent.make(model))
    runs = [_run(system, {}, agent.inputs).trajectory.steps for _ in range(5)]
    orders = {
        _without_ids(json.dumps([(step.kind, step.name, _said(step.inputs)) for step in steps]))
        for steps in runs
    }
    assert len(orders) == 1


def _said(inputs: Any) -> Any:
    """Messages without the ids that LangGraph gives them."""
    if not isinstance(inputs, list):
        return inputs
    return [one.get("content") if isinstance(one, dict) else one for one in inputs]
