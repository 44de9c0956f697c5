"""Mistakes in what is written down of a rollout."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from gepa_core.types import Rollout, Step, Trajectory, Usage
from tests.conformance.mutants.base import System, Texts, as_mutant, mistake

Steps: TypeAlias = tuple[Step, ...]

_NOT_JSON: Any = {1, 2}


def on_steps(change: Callable[[Steps], Steps]) -> Callable[[Any], Any]:
    """A system whose rollouts have other steps."""

    class Changed(System):
        def run(self, texts: Texts, inputs: Any) -> Rollout:
            rollout = super().run(texts, inputs)
            return attrs.evolve(rollout, trajectory=Trajectory(steps=change(rollout.trajectory.steps)))

    @functools.wraps(change)
    def changed(system: Any) -> Any:
        return as_mutant(system, Changed)

    return changed


@mistake("test_every_model_call_is_a_step")
@on_steps
def misses_calls(steps: Steps) -> Steps:
    return steps[:1]


@mistake("test_steps_are_in_order_and_inside_of_earlier_ones")
@on_steps
def reverses_steps(steps: Steps) -> Steps:
    return steps[::-1]


@mistake("test_steps_are_in_order_and_inside_of_earlier_ones")
@on_steps
def nests_steps_in_later_ones(steps: Steps) -> Steps:
    return tuple(attrs.evolve(step, parent=1) for step in steps)


@mistake("test_usage_is_known_or_said_to_be_unknown")
@on_steps
def counts_unknown_as_nothing(steps: Steps) -> Steps:
    return tuple(attrs.evolve(step, usage=Usage(calls=1)) for step in steps)


@mistake("test_trajectories_are_json")
@on_steps
def keeps_objects(steps: Steps) -> Steps:
    return tuple(attrs.evolve(step, output=_NOT_JSON) for step in steps)


@mistake("test_the_same_candidate_takes_the_same_steps")
@on_steps
def names_by_chance(steps: Steps) -> Steps:
    return tuple(attrs.evolve(step, name=f"{step.name}-{time.monotonic_ns()}") for step in steps)


@mistake("test_model_calls_are_attributed_to_the_texts_in_them")
@on_steps
def blames_every_component(steps: Steps) -> Steps:
    return tuple(attrs.evolve(step, components=("draft", "final")) for step in steps)


@mistake("test_model_calls_are_attributed_to_the_texts_in_them")
class MatchesTheAppsOwnTexts(System):
    def _recorded(self, texts: Texts, steps: list[Step]) -> Any:
        del texts
        return super()._recorded({}, steps)


@mistake("test_an_error_comes_with_what_was_done_before")
class SwallowsErrors(System):
    def run(self, texts: Texts, inputs: Any) -> Rollout:
        rollout = super().run(texts, inputs)
        return rollout if rollout.trajectory.steps == () else attrs.evolve(rollout, error=None)


@mistake("test_an_error_comes_with_what_was_done_before")
class ForgetsStepsOfFailures(System):
    def run(self, texts: Texts, inputs: Any) -> Rollout:
        rollout = super().run(texts, inputs)
        return attrs.evolve(rollout, trajectory=Trajectory()) if rollout.error else rollout


@mistake("test_an_error_comes_with_what_was_done_before")
class RaisesErrors(System):
    def run(self, texts: Texts, inputs: Any) -> Rollout:
        rollout = super().run(texts, inputs)
        if rollout.error is not None:
            raise rollout.error
        return rollout
