"""Saying which adapter broke its promise, and which distribution brought it."""

from __future__ import annotations

import math
from importlib.metadata import packages_distributions, version
from typing import Any

from gepa_core.data import shown
from gepa_core.errors import PluginError
from gepa_core.types import Example, Rollout, Step, Trajectory, Usage


def adapter_error(culprit: object, problem: str) -> PluginError:
    """An error that names the class of ``culprit``, an adapter or its system, and its distribution.

    Args:
        problem: goes on after the name.
    """
    cls = type(culprit)
    distribution = distribution_of(cls.__module__)
    origin = f" of {distribution}" if distribution else ""
    name = f"{cls.__module__}.{cls.__qualname__}"
    return PluginError(f"adapter {name!r}{origin} {problem}", plugin=name, distribution=distribution)


def distribution_of(module: str) -> str:
    """Name and version of the distribution that brought a module; empty when none did."""
    found = packages_distributions().get(module.partition(".")[0])
    return f"{found[0]} {version(found[0])}" if found else ""


def checked_rollout(rollout: Any, system: object, example: Example) -> Rollout:
    """``rollout``, which ``system`` returned.

    Raises:
        PluginError: it is no `Rollout`, or something in it is not what it has to be.
    """
    problem = _problem(rollout)
    if not problem:
        return rollout  # type: ignore[no-any-return]
    raise adapter_error(
        system, f"returned {problem} for {example.split} example {example.id!r} ({shown(example.inputs)})"
    )


def _problem(rollout: Any) -> str:
    """What is wrong with a rollout, going on after "returned"; empty when nothing is."""
    if not isinstance(rollout, Rollout):
        return f"{shown(rollout)}, which is no Rollout(output=…),"
    if rollout.error is not None and not isinstance(rollout.error, Exception):
        return f"a Rollout with the error {shown(rollout.error)}, which is no Exception,"
    if not isinstance(rollout.trajectory, Trajectory):
        return f"a Rollout with the trajectory {shown(rollout.trajectory)}, which is no Trajectory,"
    steps = [step for step in rollout.trajectory.steps if not isinstance(step, Step)]
    if steps:
        return f"a Trajectory with the step {shown(steps[0])}, which is no Step,"
    wrong = [step.usage for step in rollout.trajectory.steps if not _can_be_spent(step.usage)]
    return f"a Step with the usage {shown(wrong[0], 200)}, which nobody can have spent," if wrong else ""


def _can_be_spent(usage: Usage) -> bool:
    """Whether it takes nothing back and its sum with others is a number: budgets are kept by it."""
    counts = usage.calls, usage.input_tokens, usage.output_tokens, usage.unmetered, usage.unpriced
    return math.isfinite(usage.dollars) and usage.dollars >= 0 and min(counts) >= 0
