"""Classes whose objects the agent makes while it runs: their texts change, and their calls are seen."""

from __future__ import annotations

import abc
import dataclasses
import json
from typing import Any

import pytest
from gepa_agents import AgentsAdapter

from gepa_core.types import Rollout

from . import fakes
from .conftest import run

client, endpoint = fakes.chat(fakes.message("fine"))


def ask(messages: list[Any]) -> str:
    return str(client.chat.completions.create(model="m", messages=messages).choices[0].message.content)


class Step(abc.ABC):
    opening = "You plan journeys through Portugal."
    seen: list[str] = []  # noqa: RUF012

    @abc.abstractmethod
    def run(self, question: str) -> str: ...


class Planner(Step):
    def __init__(self, rules: str = "Never plan more than three stops a day.") -> None:
        self.rules = rules
        self.tone = "Be as friendly as a guide."

    @property
    def task(self) -> str:
        return f"{self.opening}\n{self.rules}\n{self.tone}"

    def run(self, question: str) -> str:
        self.seen.append(question)
        return ask([{"role": "system", "content": self.task}, {"role": "user", "content": question}])


@dataclasses.dataclass
class Checker:
    system_prompt: str = "You check plans for mistakes."

    def __call__(self, plan: str) -> str:
        return ask([{"role": "system", "content": self.system_prompt}, {"role": "user", "content": plan}])

    @staticmethod
    def summary() -> str:
        return ask([{"role": "system", "content": "Sum the journey up in one sentence."}])


KEPT = Planner("Plan slowly.")
KINDS = {"planner": Planner}


def agent(question: str) -> str:
    planner = KINDS["planner"]()
    assert isinstance(planner, Planner)
    assert isinstance(planner, Step)
    assert isinstance(KEPT, Planner)
    assert type(planner).__name__ == "Planner"
    plan = planner.run(question)
    checker = Checker()
    assert checker == Checker()
    return f"{checker(plan)} {checker.summary()} {len(Planner.seen)}"


def sent(rollout: Rollout) -> str:
    return json.dumps([step.inputs for step in rollout.trajectory.steps])


def test_their_texts_are_components() -> None:
    system = AgentsAdapter().wrap(agent)
    texts = {component.text for component in system.components}
    assert {
        "You plan journeys through Portugal.",
        "Never plan more than three stops a day.",
        "You check plans for mistakes.",
        "Sum the journey up in one sentence.",
    } <= texts


def test_every_mark_reaches_the_model_and_each_call_is_one_step() -> None:
    system = AgentsAdapter().wrap(agent)
    marked = {one.name: f"{one.text} mark{place}x" for place, one in enumerate(system.components)}
    rollout = run(system, marked, "Porto?")
    assert len(rollout.trajectory.steps) == 3
    live = {name for step in rollout.trajectory.steps for name in step.components}
    for place, one in enumerate(system.components):
        assert (f"mark{place}x" in sent(rollout)) == (one.name in live)
    assert len(live) >= 4


def test_what_a_class_remembers_is_fresh_and_the_classes_stay_as_they_were() -> None:
    system = AgentsAdapter().wrap(agent)
    before = {kind: dict(vars(kind)) for kind in (Step, Planner, Checker)}
    outputs = [run(system, {}, "Porto?").output for _ in range(3)]
    assert outputs == ["fine fine 1"] * 3
    assert Planner.seen == []
    assert {kind: dict(vars(kind)) for kind in before} == before
    assert KINDS["planner"] is Planner


def test_two_candidates_have_classes_of_their_own() -> None:
    system = AgentsAdapter().wrap(agent)
    names = [one.name for one in system.components if one.text.startswith("You check")]
    first, second = (run(system, {names[0]: f"You check {word}."}, "Porto?") for word in ("a", "b"))
    assert "You check a." in sent(first)
    assert "You check b." in sent(second)
    assert "You check b." not in sent(first)


def test_the_app_that_comes_back_has_the_texts_and_can_be_optimised_again() -> None:
    system = AgentsAdapter().wrap(agent)
    (name,) = [one.name for one in system.components if one.text.startswith("You plan")]
    app = system.build({name: "You plan cruises along all of the coast."})
    again = AgentsAdapter().wrap(app)
    assert "You plan cruises along all of the coast." in {one.text for one in again.components}
    endpoint.sent.clear()
    assert app("Porto?").startswith("fine fine")
    assert "You plan cruises along all of the coast." in json.dumps(endpoint.sent)
    rollout = run(again, {}, "Porto?")
    assert "You plan cruises along all of the coast." in sent(rollout)
    assert len(rollout.trajectory.steps) == 3


class Registered:
    kinds: list[Any] = []  # noqa: RUF012

    def __init_subclass__(cls) -> None:
        Registered.kinds.append(cls)


class Plugin(Registered):
    prompt = "You are registered when you are derived from."

    def run(self, question: str) -> str:
        return str(
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])
        )


def test_a_class_that_notices_being_derived_from_is_left_alone_and_named() -> None:
    def with_plugin(question: str) -> str:
        return Plugin().run(question)

    before = list(Registered.kinds)
    system = AgentsAdapter().wrap(with_plugin)
    assert Registered.kinds == before
    assert [left.source for left in system.left_alone if "Plugin" in left.source]


@pytest.mark.parametrize("times", [1, 2])
def test_exceptions_of_the_agents_own_are_caught_as_ever(times: int) -> None:
    class Lost(Exception):
        prompt = "You are lost, and say so to everybody."

    def losing(question: str) -> str:
        try:
            raise Lost(question)
        except Lost as error:
            found = ask([{"role": "system", "content": "You find what was lost."}])
            return f"{found} {error}"

    system = AgentsAdapter().wrap(losing)
    for _ in range(times):
        assert run(system, {}, "Porto?").output == "fine Porto?"


class Narrator:
    def __init__(self) -> None:
        self.system_prompt = "You tell stories of the sea."

    def run(self, question: str) -> str:
        return ask([{"role": "system", "content": self.system_prompt}, {"role": "user", "content": question}])


def test_a_text_that_is_set_when_an_object_is_made_is_left_alone_and_named() -> None:
    def telling(question: str) -> str:
        return Narrator().run(question)

    (left,) = AgentsAdapter().wrap(telling).left_alone
    assert (left.source, left.text) == (
        "Narrator.__init__: self.system_prompt",
        "You tell stories of the sea.",
    )
    assert "make it an attribute of the class" in left.reason
