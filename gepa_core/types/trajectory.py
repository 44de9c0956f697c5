"""What a system did while it ran."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, TypeAlias

import attrs

from gepa_core.types.content import Json
from gepa_core.types.usage import NO_USAGE, Usage

StepKind: TypeAlias = Literal["model", "tool", "retrieval", "custom"]


@attrs.frozen(kw_only=True)
class Step:
    """One thing that a system did while it ran.

    Attributes:
        kind: what sort of thing.
        name: the model's, tool's or retriever's name.
        inputs: what went in, as JSON (messages of a model call, arguments of a tool call).
        output: what came out, as JSON.
        error: the error it ended with, empty when there was none.
        usage: what a model call used.
        seconds: how long it took.
        parent: position in the trajectory of the step that contains this one.
        components: names of the components whose texts took part.
    """

    kind: StepKind
    name: str
    inputs: Json = None
    output: Json = None
    error: str = ""
    usage: Usage = NO_USAGE
    seconds: float = 0.0
    parent: int | None = None
    components: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Trajectory:
    """The ordered steps of a rollout.

    Attributes:
        kept: whether the steps still have what went in and came out (`Execution.keep_trajectories`).
    """

    steps: tuple[Step, ...] = ()
    kept: bool = True

    @cached_property
    def usage(self) -> Usage:
        """The sum over all steps."""
        return sum((step.usage for step in self.steps), NO_USAGE)


@attrs.frozen(kw_only=True)
class Rollout:
    """One run of a candidate on an example, as the adapter saw it.

    Attributes:
        output: what the app returned, as it returned it.
        trajectory: what was captured, also when the run failed half way.
        error: what the app raised; the engine decides whose fault that was.
    """

    output: object = None
    trajectory: Trajectory = Trajectory()
    error: Exception | None = None
