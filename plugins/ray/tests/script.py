"""What a user runs: python script.py ADDRESS RUN_DIR. The app is of this file, so it is sent by value."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from gepa_ray import RayExecutor

from gepa_core import Component, Execution, Rollout, Step, Trajectory, optimize


@attrs.frozen
class Answer:
    """An output of a class of the user's."""

    text: str
    pair: tuple[int, int]


class App:
    """Answers yes when its prompt says so."""

    components = (Component(name="prompt", text="Say no."),)
    left_alone = ()

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app."""
        time.sleep(0.05)
        text = "yes" if "yes" in texts["prompt"] else "no"
        step = Step(kind="model", name="m", inputs=texts["prompt"], output=text, components=("prompt",))
        return Rollout(output=Answer(text, (inputs, inputs)), trajectory=Trajectory(steps=(step,)))

    def build(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The improved app."""
        return dict(texts)


def metric(example: int, output: Any) -> float:
    """Wants a yes, of the class that the app has here."""
    if not isinstance(output, Answer) or output.pair != (example, example):
        raise TypeError(f"{output!r} is another object than the app returned")
    return float(output.text == "yes")


if __name__ == "__main__":
    address, directory = sys.argv[1:]
    result = optimize(
        App(),
        trainset=range(6),
        valset=range(10, 16),
        metric=metric,
        reflection_lm=lambda _prompt: "```\nSay yes.\n```",
        budget=60,
        run_dir=Path(directory),
        execution=Execution(
            concurrency=2,
            executor=RayExecutor(
                address=address, workers=1, rollouts_per_worker=2, init={"logging_level": "ERROR"}
            ),
        ),
    )
    import ray

    print(result.val.best_mean, ray.is_initialized())
