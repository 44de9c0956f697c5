"""A toy app with its metric and reflection model, copied into a directory of its own by the tests.

The app looks for rules ``r0`` to ``r6`` in its two prompts; the metric names those that an example needs;
the model adds one of them. Set TOY_SECONDS to make every rollout take that long.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping
from typing import Any

from gepa_core import Component, Feedback, Rollout, Step, Trajectory


class Desk:
    components = (
        Component(name="plan", text="Make a plan.\nrules:", source="Desk.plan", role="system"),
        Component(name="act", text="Follow {x}. rules:", syntax="braces", kind="instructions"),
        Component(name="lookup", text="Looks things up.", kind="tool_description"),
    )
    left_alone = ()

    def __init__(self, model: str = "toy-model") -> None:
        self.model = model

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
        texts = {**{part.name: part.text for part in self.components}, **texts}
        number = int(inputs)
        output = (f"r{number % 5}" in texts["plan"]) + (f"r{number % 7}" in texts["act"])
        # The description is in every call too, so that all three are seen to reach the model.
        step = Step(kind="model", name=self.model, output=output, components=("plan", "act", "lookup"))
        return Rollout(output=output, trajectory=Trajectory(steps=(step,)))

    def build(self, texts: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return "desk", dict(texts)


desk = Desk()


def make_desk() -> Desk:
    return Desk()


def make_simulated() -> Desk:
    return Desk(model="simulated-task")


def reflect_badly(prompt: str) -> str:
    """Write half of a surrogate pair, or nothing of use."""
    return (
        f"```\nFollow it. {chr(0xD800)}\n```"
        if "The component is `plan`" in prompt
        else "I cannot help with that."
    )


def make_nothing() -> Desk:
    raise RuntimeError("the database is down")


def metric(example: Mapping[str, Any], output: int) -> Feedback:
    number = int(example["input"])
    return Feedback(output / 2, f"needs r{number % 5} in plan and r{number % 7} in act")


def failing_metric(example: Mapping[str, Any], output: int) -> Feedback:
    raise ValueError(f"no idea what {output} means for {example['input']}")


def reflect(prompt: str) -> str:
    number = int(hashlib.sha256(prompt.encode()).hexdigest(), 16)
    current = re.search(r"```\w*\n(.*?)\n```", prompt, re.DOTALL)
    assert current is not None, prompt
    rules = sorted(set(re.findall(r"needs (r\d)", prompt)) | set(re.findall(r"and (r\d)", prompt)))
    return f"A rule was missing.\n\n```\n{current.group(1)} {rules[number % len(rules)]}\n```"
