"""A system that is nothing but two lists of rules, so that a whole run takes a tenth of a second."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from gepa_core import Component, Execution, Feedback, Preset, Result, Rollout, optimize
from gepa_core.presets import as_preset

ROWS = [{"input": number, "expected": 2} for number in range(24)]


class Rules:
    """An app whose output is how many of the two rules that an input needs its texts state.

    Attributes:
        runs: how often it was run.
        delay: seconds that the next run takes.
    """

    components = (
        Component(name="plan", text="rules:"),
        Component(name="act", text="rules for {x}:", syntax="braces"),
    )
    left_alone = ()

    def __init__(self, delay: Callable[[], float] | None = None) -> None:
        self.runs = 0
        self.delay = delay

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        self.runs += 1
        if self.delay is not None:
            await asyncio.sleep(self.delay())
        return Rollout(output=(f"r{inputs % 5}" in texts["plan"]) + (f"r{inputs % 7}" in texts["act"]))

    def build(self, texts: Mapping[str, str]) -> dict[str, str]:
        return dict(texts)


def metric(row: Mapping[str, int], output: int) -> Feedback:
    number = row["input"]
    needs = {"plan": f"needs r{number % 5}", "act": f"needs r{number % 7}"}
    return Feedback(output / 2, "; ".join(needs.values()), by_component=needs if output < 2 else {})


def model(prompt: str) -> str:
    """Add one of the rules that the feedback in the prompt asks for; now and then forget the others."""
    (current,) = re.findall(r"## Current text\n```\n(.*?)\n```", prompt, re.DOTALL)
    wanted = sorted(set(re.findall(r"on this component\n```\nneeds (r\d)", prompt))) or ["none"]
    choice = int(hashlib.sha256(prompt.encode()).hexdigest(), 16)
    kept = current.partition(":")[0] + ":" if choice % 5 == 0 else current
    return f"```\n{kept} {wanted[choice % len(wanted)]}\n```"


@pytest.fixture
def rules() -> type[Rules]:
    """The class of the toy system."""
    return Rules


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Result]:
    """``play(*plugins, **settings)``: a run of the toy with those plugins; settings are of `optimize`."""
    count = iter(range(1000))

    def run(*plugins: Any, target: Any = None, concurrency: int = 4, **settings: Any) -> Result:
        defaults = {
            "trainset": ROWS[:14],
            "valset": ROWS[14:],
            "metric": metric,
            "reflection_lm": model,
            "budget": 160,
            "run_dir": tmp_path / f"run-{next(count)}",
            "execution": Execution(concurrency=concurrency, attempts=1),
        }
        return optimize(target or Rules(), plugins=plugins, **{**defaults, **settings})

    return run


@pytest.fixture
def preset_of() -> Callable[..., Preset]:
    """``preset_of(lookahead=4)``: the default preset with other settings."""
    return lambda **settings: attrs.evolve(as_preset("default"), **settings)


@pytest.fixture
def execution_of() -> type[Execution]:
    """The class of the settings of how a run is carried out."""
    return Execution


@pytest.fixture
def shuffled() -> Callable[[int], Callable[[], float]]:
    """``shuffled(seed)``: delays of up to 4 ms in an order that ``seed`` decides."""

    def delays(seed: int) -> Callable[[], float]:
        rng = Random(seed)
        return lambda: rng.random() * 0.004

    return delays
