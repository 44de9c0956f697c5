"""A small app, metric and reflection model whose answers depend on nothing but what they are asked.

The app has two prompts. On input *n* it is right in the first when that names rule ``r{n % 5}``, and in the
second when that names ``s{n % 7}``; the score is the share of the two. The reflection model adds a rule
that the feedback names, so runs climb, and different lineages learn different rules.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core import Component, Execution, Feedback, Preset, Result, Rollout, Step, Trajectory, optimize
from gepa_core.presets import as_preset
from gepa_core.protocols import Completion, LeftAlone
from gepa_core.types import Usage

COMPONENTS = (
    Component(name="first", text="Follow these rules:"),
    Component(name="second", text="Rules for {topic}:", syntax="braces"),
)
QUICK = Execution(concurrency=4, timeout=20.0, attempts=3, max_wait=0.0)
OnRun = Callable[[Mapping[str, str], Any], None]


def _nothing(_texts: Mapping[str, str], _inputs: Any) -> None:
    return None


def answer(texts: Mapping[str, str], number: int, *, attributed: bool = True) -> Rollout:
    """What the app does; ``attributed``: whether its step names the components."""
    right = (f"r{number % 5}" in texts["first"].split()) + (f"s{number % 7}" in texts["second"].split())
    names = tuple(texts) if attributed else ()
    usage = Usage(calls=1, input_tokens=10 + number, output_tokens=right, dollars=0.001 * (number + 1))
    return Rollout(
        output=right,
        trajectory=Trajectory(steps=(Step(kind="model", name="toy", usage=usage, components=names),)),
    )


@attrs.define(eq=False, kw_only=True)
class Toy:
    """The app as a system.

    Attributes:
        jitter: the longest random wait of a run, in seconds.
        on_run: called first in each run; an error that it raises is the app's.
        attributed: whether its steps name the components that caused them.
        runs: how many were begun.
    """

    jitter: float = 0.0
    on_run: OnRun = _nothing
    components: tuple[Component, ...] = COMPONENTS
    left_alone: tuple[LeftAlone, ...] = ()
    attributed: bool = True
    runs: int = 0

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        self.runs += 1
        if self.jitter:
            await asyncio.sleep(random.random() * self.jitter)
        return self._answer(texts, inputs)

    def _answer(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        try:
            self.on_run(texts, inputs)
        except Exception as error:
            return Rollout(error=error)
        return answer(texts, inputs, attributed=self.attributed)

    def build(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The improved app: its texts."""
        return {component.name: component.text for component in self.components} | dict(texts)


class SyncToy(Toy):
    """The same for an app that is not async."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:  # type: ignore[override]
        """Run the app on a number."""
        self.runs += 1
        if self.jitter:
            time.sleep(random.random() * self.jitter)
        return self._answer(texts, inputs)


def metric(example: Any, output: Any) -> Feedback:
    """The share of the two prompts that were right, and which rules were wanted."""
    return Feedback(output / 2, f"wanted r{example % 5} in first and s{example % 7} in second")


def jittery_metric(jitter: float, *, is_async: bool) -> Callable[..., Any]:
    """`metric` after a random wait."""

    async def slow(example: Any, output: Any) -> Feedback:
        await asyncio.sleep(random.random() * jitter)
        return metric(example, output)

    def slow_sync(example: Any, output: Any) -> Feedback:
        time.sleep(random.random() * jitter)
        return metric(example, output)

    chosen: Callable[..., Any] = slow if is_async else slow_sync
    chosen.__module__, chosen.__qualname__ = metric.__module__, metric.__qualname__
    return chosen


def reflect(prompt: str) -> str:
    """Add to the current text one of the rules that are wanted for it and that it lacks.

    At times it forgets another rule, or the placeholder.
    """
    digest = int(hashlib.sha256(prompt.encode()).hexdigest(), 16)
    found = re.search(r"## Current text\n```\n(.*?)\n```", prompt, re.DOTALL)
    assert found is not None, prompt
    current = found[1]
    letter = "s" if "{topic}" in current else "r"
    wanted = sorted(set(re.findall(rf"wanted .*?\b({letter}\d)", prompt)) - set(current.split()))
    rule = wanted[digest % len(wanted)] if wanted else f"{letter}x{digest % 50}"
    forgotten = sorted(re.findall(rf"\b{letter}\d\b", current))
    if forgotten and digest % 3 == 0:
        current = current.replace(f" {forgotten[digest % len(forgotten)]}", "", 1)
    if digest % 13 == 0:
        current = current.replace("{topic}", "the topic")
    return f"Here it is.\n```\n{current} {rule}\n```"


@attrs.define(eq=False, kw_only=True)
class ToyModel:
    """`reflect` as a language model with prices.

    Attributes:
        jitter: the longest random wait of a call, in seconds.
        write: what it answers to a prompt.
        prompts: every prompt that it was asked.
    """

    jitter: float = 0.0
    name: str = "toy-reflection"
    write: Callable[[str], str] = reflect
    usage: Usage = Usage(calls=1, input_tokens=100, output_tokens=20, dollars=0.0123)
    prompts: list[str] = attrs.field(factory=list)

    async def complete(self, messages: Any) -> Completion:
        """Answer the first message."""
        self.prompts.append(messages[0].content)
        if self.jitter:
            await asyncio.sleep(random.random() * self.jitter)
        return Completion(text=self.write(messages[0].content), usage=self.usage)


def preset(name: str = "default", **changes: Any) -> Preset:
    """A preset with some settings changed."""
    return attrs.evolve(as_preset(name), **changes)


def search(system: Any, run_dir: Path, **changes: Any) -> Result:
    """`optimize` the toy: 12 training, 6 validation examples, a budget of 120 rollouts."""
    arguments: dict[str, Any] = {
        "trainset": range(12),
        "valset": range(20, 26),
        "metric": metric,
        "reflection_lm": ToyModel(),
        "budget": 120,
        "run_dir": run_dir,
        "execution": QUICK,
    }
    return optimize(system, **(arguments | changes))


def total(result: Result) -> int:
    """The rollouts that a run was charged for."""
    return result.cost.total_rollouts
