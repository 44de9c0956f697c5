"""A small app, its metric and a reflection model that improves it, so that a run takes a tenth of a second.

The app has two texts. On the number *n* it is right in the first when that states the rule ``r{n % 5}``, and
in the second when that states ``s{n % 7}``. The best texts state all of them and have the score 1.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from gepa_core.errors import ConfigurationError
from gepa_core.pacing import current_calls
from gepa_core.protocols import LeftAlone
from gepa_core.templates import template_problems
from gepa_core.testing.models import ScriptedModel
from gepa_core.types import Component, Feedback, Rollout, Step, Trajectory, Usage

TOY_COMPONENTS = (
    Component(name="plan", text="Rules for planning:", role="system", source="plan"),
    Component(name="act", text="Rules for {number}:", syntax="braces", role="system", source="act"),
)
TOY_OPTIMUM = {
    "plan": "Rules for planning: r0 r1 r2 r3 r4",
    "act": "Rules for {number}: s0 s1 s2 s3 s4 s5 s6",
}
"""Texts with the score 1 on every number."""
_TASK = "toy-task"


def _wanted(number: int) -> dict[str, str]:
    return {"plan": f"r{number % 5}", "act": f"s{number % 7}"}


def _toy_task(sent: str) -> str:
    """Follow the rule for the number in the last line, if it is stated."""
    rules, _, number = sent.rpartition("\n")
    stated = rules.split()
    found = [rule for rule in _wanted(int(number)).values() if rule in stated]
    return f"followed {found[0]}" if found else "did not know what to do"


@attrs.define(eq=False, kw_only=True)
class _Toy:
    """What both systems share."""

    model: ScriptedModel = attrs.field(factory=lambda: ScriptedModel(_toy_task, _TASK))
    runs: int = attrs.field(default=0, init=False)
    components: tuple[Component, ...] = attrs.field(default=TOY_COMPONENTS, init=False)
    left_alone: tuple[LeftAlone, ...] = attrs.field(default=(), init=False)

    def build(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The improved app: its texts.

        Raises:
            ConfigurationError: a name is not a component's, or a variable is lost or added.
        """
        built = {component.name: component.text for component in self.components}
        for component in self.components:
            text = texts.get(component.name, component.text)
            problems = template_problems(text, component.placeholders, component.syntax)
            if problems:
                raise ConfigurationError(f"the text of {component.name!r} cannot be used: {problems[0]}")
            built[component.name] = text
        unknown = [name for name in texts if name not in built]
        if unknown:
            raise ConfigurationError(f"{unknown[0]!r} is not a component; they are {', '.join(built)}")
        return built

    def _prompts(self, texts: Mapping[str, str], number: int) -> Iterator[tuple[str, str]]:
        for name, text in self.build(texts).items():
            yield name, f"{text.replace('{number}', str(number)) if name == 'act' else text}\n{number}"


def _output(steps: list[Step]) -> int:
    return sum(str(step.output).startswith("followed") for step in steps)


def _step(name: str, prompt: str, began: float, *, output: str = "", error: str = "") -> Step:
    return Step(
        kind="model",
        name=_TASK,
        inputs=[{"role": "system", "content": prompt}],
        output=output,
        error=error,
        usage=Usage(calls=1, input_tokens=len(prompt.split()), output_tokens=len(output.split())),
        seconds=time.perf_counter() - began,
        components=(name,),
    )


@attrs.define(eq=False, kw_only=True)
class ToySystem(_Toy):
    """The app as an async `System`. ``inputs`` are whole numbers, the output is 0, 1 or 2.

    Attributes:
        model: answers its two calls.
        runs: rollouts begun.
    """

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        self.runs += 1
        steps: list[Step] = []
        for name, prompt in self._prompts(texts, inputs):
            call, began = await current_calls().abegin(_TASK), time.perf_counter()
            try:
                steps.append(_step(name, prompt, began, output=await self.model.aanswer(prompt)))
            except Exception as error:
                call.fail(error)
                steps.append(_step(name, prompt, began, error=repr(error)))
                return Rollout(trajectory=Trajectory(steps=tuple(steps)), error=error)
            call.end(steps[-1].usage)
        return Rollout(output=_output(steps), trajectory=Trajectory(steps=tuple(steps)))


@attrs.define(eq=False, kw_only=True)
class SyncToySystem(_Toy):
    """`ToySystem` for tests of whatever runs on threads."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        self.runs += 1
        steps: list[Step] = []
        for name, prompt in self._prompts(texts, inputs):
            call, began = current_calls().begin(_TASK), time.perf_counter()
            try:
                steps.append(_step(name, prompt, began, output=self.model.answer(prompt)))
            except Exception as error:
                call.fail(error)
                steps.append(_step(name, prompt, began, error=repr(error)))
                return Rollout(trajectory=Trajectory(steps=tuple(steps)), error=error)
            call.end(steps[-1].usage)
        return Rollout(output=_output(steps), trajectory=Trajectory(steps=tuple(steps)))


def toy_metric(number: int, output: int) -> Feedback:
    """Half a point for each rule that was followed; the feedback names both."""
    wanted = {name: f"needs {rule}" for name, rule in _wanted(number).items()}
    return Feedback(output / 2, f"needed {output} of 2 rules", by_component=wanted if output < 2 else {})


def toy_model() -> ScriptedModel:
    """A reflection model that adds a rule which the feedback asks for; now and then it forgets the others."""
    return ScriptedModel(_reflect, "toy-reflection")


def _reflect(prompt: str) -> str:
    digest = int(hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(), 16)
    found = re.search(r"## Current text\n(`{3,})\n(.*?)\n\1", prompt, re.DOTALL)
    current = found[2] if found else "Rules:"
    letter = "s" if "{number}" in current else "r"
    wanted = sorted(set(re.findall(rf"needs ({letter}\d)", prompt)) - set(current.split())) or [f"{letter}9"]
    kept = f"{current.partition(':')[0]}:" if digest % 7 == 0 else current
    return f"```\n{kept} {wanted[digest % len(wanted)]}\n```"
