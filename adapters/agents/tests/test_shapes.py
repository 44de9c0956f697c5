"""What holds of an agent of every shape: all is found, a candidate's texts arrive, nothing else changes."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gepa_agents import AgentsAdapter
from gepa_agents.system import AgentSystem, AsyncAgent
from gepa_offline import OfflineServer

from gepa_core.adapters import wrap
from gepa_core.types import Rollout, Step

from .conftest import REQUEST, Shape, run, wait

# pydantic says it of litellm's own types, once in a process
pytestmark = pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class:UserWarning")


def _seed(system: AgentSystem) -> dict[str, str]:
    return {component.name: component.text for component in system.components}


def _marked(system: AgentSystem, word: str) -> dict[str, str]:
    """The seed's texts, each with a mark of its own behind it."""
    return {
        component.name: f"{component.text} {word}{number}x"
        for number, component in enumerate(system.components)
    }


def _models(rollout: Rollout) -> list[Step]:
    return [step for step in rollout.trajectory.steps if step.kind == "model"]


def _sent(rollout: Rollout) -> str:
    return json.dumps([step.inputs for step in _models(rollout)])


def test_the_components_are_found_and_named(shape: Shape) -> None:
    assert tuple(component.name for component in shape.system.components) == shape.names
    assert shape.system.components == shape.system.components


def test_each_text_is_described_for_people(shape: Shape) -> None:
    assert all(component.purpose and component.source for component in shape.system.components)
    assert all(left.source and left.reason for left in shape.system.left_alone)


def test_the_adapter_is_found(shape: Shape) -> None:
    if not shape.options:
        assert wrap(shape.target).components == shape.system.components


def test_every_texts_mark_reaches_the_model(shape: Shape) -> None:
    sent = _sent(run(shape.system, _marked(shape.system, "mark")))
    assert [number for number in range(len(shape.names)) if f"mark{number}x" not in sent] == []


def test_model_calls_are_attributed_to_the_texts_in_them(shape: Shape) -> None:
    texts = _marked(shape.system, "mark")
    for step in _models(run(shape.system, texts)):
        sent = json.dumps(step.inputs)
        expected = {name for number, name in enumerate(texts) if f"mark{number}x" in sent}
        assert set(step.components) == expected


def test_every_call_is_counted_once(shape: Shape, server: OfflineServer) -> None:
    before = server.stats()["total"]
    rollout = run(shape.system, _seed(shape.system))
    assert server.stats()["total"] - before == len(_models(rollout)) == rollout.trajectory.usage.calls
    assert rollout.trajectory.usage.unmetered == 0
    assert rollout.trajectory.usage.input_tokens > 0


def test_tools_are_recorded_between_the_calls_of_the_model(shape: Shape) -> None:
    steps = run(shape.system, _seed(shape.system)).trajectory.steps
    kinds = [step.kind for step in steps]
    assert kinds[:2] == (["model", "tool"] if shape.tools else ["model"] * len(kinds[:2]))
    for step in steps:
        assert step.error == ""
        if step.kind == "tool":
            assert step.name == "find_order"
            assert isinstance(step.inputs, dict)
            assert list(step.inputs) == ["order_id"]
            assert "on its way" in json.dumps(step.output)
            assert set(step.components) == {"tool.find_order", "tool.find_order.order_id"}


def test_two_candidates_at_once_never_see_each_others_texts(shape: Shape) -> None:
    system = shape.system
    candidates = [_marked(system, word) for word in ("alpha", "omega")]

    async def together() -> list[Rollout]:
        assert isinstance(system, AsyncAgent)
        return await asyncio.gather(*(system.run(candidates[turn % 2], REQUEST) for turn in range(8)))

    if isinstance(system, AsyncAgent):
        rollouts = wait(together())
    else:
        loops: list[asyncio.AbstractEventLoop] = []
        with ThreadPoolExecutor(4, initializer=lambda: loops.append(_new_loop())) as pool:
            rollouts = list(pool.map(lambda turn: run(system, candidates[turn % 2]), range(8)))
        for loop in loops:
            loop.close()
    for turn, rollout in enumerate(rollouts):
        assert rollout.error is None
        own, other = ("alpha", "omega") if turn % 2 == 0 else ("omega", "alpha")
        assert f"{own}0x" in _sent(rollout)
        assert f"{other}" not in _sent(rollout)


def _called(app: Any) -> Any:
    result = app.run(REQUEST) if hasattr(app, "run") else app(REQUEST)
    return wait(result) if inspect.iscoroutine(result) else result


def _new_loop() -> asyncio.AbstractEventLoop:
    """A loop for a thread: litellm's sync calls leave one of their own open otherwise."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def test_the_agent_itself_is_untouched(shape: Shape) -> None:
    components = shape.system.components
    run(shape.system, _marked(shape.system, "mark"))
    shape.system.build(_marked(shape.system, "mark"))
    assert shape.system.components == components


def test_the_app_that_comes_back_has_the_texts_and_no_instrumentation(shape: Shape) -> None:
    system = shape.system
    app = system.build(_marked(system, "mark"))
    if not system.prompts:
        assert isinstance(app, type(shape.target))
        assert type(app).__qualname__ == type(shape.target).__qualname__
        by_itself = AgentsAdapter().wrap(app)
        rollout = run(by_itself, _seed(by_itself))
        sent = _sent(rollout)
        if not any(one.literal for one in system.found.values()):
            assert [number for number in range(len(shape.names)) if f"mark{number}x" not in sent] == []
            assert len(_models(rollout)) == len(_models(run(system, _seed(system))))


def test_seed_texts_behave_like_the_agent_itself(shape: Shape) -> None:
    built = shape.system.build(_seed(shape.system))
    if not shape.options:
        assert str(_called(built)) == str(_called(copy.copy(shape.target)))


def test_clients_are_never_copied(shape: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    if shape.client is None:
        return

    def refuse(*_: Any) -> Any:
        raise AssertionError("a client was copied")

    monkeypatch.setattr(type(shape.client), "__copy__", refuse, raising=False)
    monkeypatch.setattr(type(shape.client), "__deepcopy__", refuse, raising=False)
    monkeypatch.setattr(type(shape.client), "__init__", refuse)
    run(shape.system, _marked(shape.system, "mark"))
    before = dict(vars(shape.client))
    run(shape.system, _marked(shape.system, "mark"))
    shape.system.build(_marked(shape.system, "mark"))
    assert {name: vars(shape.client)[name] for name in before} == before
