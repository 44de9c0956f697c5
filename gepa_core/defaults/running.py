"""Running the app and scoring what it returns."""

from __future__ import annotations

import contextlib
import inspect

import attrs

from gepa_core.blame import checked_rollout
from gepa_core.data import fresh
from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.faults import describe
from gepa_core.local import Caller, LocalSession
from gepa_core.markers import hookimpl
from gepa_core.metrics import as_feedback, metric_error
from gepa_core.protocols import Metric, Session, System
from gepa_core.types import Candidate, Example, Feedback, Rollout
from gepa_core.workers import Workers


@attrs.define(eq=False, kw_only=True)
class RunSystem:
    """Let the adapter run the app where the run's executor has it run.

    What the app raises is its rollout's error, also where a system does not catch it: then nothing that
    was captured until then is known. What a system returns that is no rollout is an error of its adapter.
    """

    session: Session = attrs.field(factory=LocalSession)

    @hookimpl
    async def gepa_capture_trajectory(
        self, system: System, candidate: Candidate, example: Example
    ) -> Rollout:
        """One run with the candidate's texts."""
        try:
            rollout = await self.session.run(system, dict(candidate.texts), fresh(example.inputs))
        except GepaError:
            raise
        except Exception as error:
            return Rollout(error=error)
        return checked_rollout(rollout, system, example)


@attrs.define(eq=False, kw_only=True)
class UserMetric:
    """The user's metric, ``metric(example, output)`` or ``metric(example, output, trajectory)``.

    A number becomes a `Feedback` without text: reflection still shows inputs, output and score.
    """

    metric: Metric
    workers: Workers
    _wants_trajectory: bool = attrs.field(init=False)
    _caller: Caller = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._wants_trajectory = takes_trajectory(self.metric)
        self._caller = Caller(self.workers, self.metric)

    @hookimpl
    async def gepa_give_feedback(self, example: Example, rollout: Rollout) -> Feedback:
        """Call the metric and check what it returns."""
        arguments = [fresh(example.data), rollout.output]
        if self._wants_trajectory:
            arguments.append(rollout.trajectory)
        try:
            result = await self._caller.call(*arguments)
        except Exception as error:
            raise metric_error(f"raised {describe(error)}", example) from error
        return as_feedback(result, example)


def takes_trajectory(metric: Metric) -> bool:
    """Whether ``metric`` takes three arguments.

    Raises:
        ConfigurationError: it can be called with neither two nor three.
    """
    if not callable(metric):
        raise ConfigurationError(f"metric={metric!r} has to be a function (example, output) -> score")
    try:
        signature = inspect.signature(metric)
    except ValueError:  # some built-in functions have none
        return False
    required = [
        one
        for one in signature.parameters.values()
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    wants = len(required) == 3 or "trajectory" in signature.parameters
    with contextlib.suppress(TypeError):
        signature.bind(*[None] * (3 if wants else 2))
        return wants
    name = getattr(metric, "__name__", repr(metric))
    raise ConfigurationError(
        f"metric {name!r} takes {signature}; it has to take (example, output) or"
        " (example, output, trajectory)"
    )
