"""How a run is carried out: at once, how long, how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from gepa_core.checks import at_least, more_than_zero, whole
from gepa_core.errors import ConfigurationError
from gepa_core.executors import as_executor
from gepa_core.gate import Gate
from gepa_core.local import LocalExecutor
from gepa_core.pacing import RateLimit, as_limits
from gepa_core.prices import Price, as_prices
from gepa_core.protocols import Executor
from gepa_core.retry import Patience
from gepa_core.types import Purpose


def _stop_or_fail(_instance: object, attribute: attrs.Attribute[Any], value: str) -> None:
    if value not in ("stop", "fail"):
        raise ConfigurationError(f"execution: {attribute.name} must be 'stop' or 'fail', not {value!r}")


def _kept(_instance: object, attribute: attrs.Attribute[Any], value: str) -> None:
    if value not in ("all", "training", "none"):
        raise ConfigurationError(
            f"execution: {attribute.name} must be 'all', 'training' or 'none', not {value!r}"
        )


_SECONDS = more_than_zero("execution", unit="seconds")


@attrs.frozen(kw_only=True)
class Execution:
    """How rollouts and reflections are carried out. A run that is stored may go on with other settings.

    Attributes:
        concurrency: model-calling operations under way at once.
        timeout: seconds that one rollout may take; None for no limit. One that takes longer twice is a
            failure of the candidate on that example.
        metric_timeout: seconds that the metric may take for one rollout; None for no limit. Taking longer
            twice is an error of the metric.
        metric_errors: what an error of the metric does, such as an exception or a score that is none:
            ``"stop"`` ends the run with the example's name, ``"fail"`` counts the example as one on which
            the candidate failed, with the error as its feedback.
        patience: seconds for which something may meet one infrastructure fault after the other before the
            run stops, to be resumed. It is tried at least four times, and no more than that as long as the
            service has never answered in this process: one that is down from the start is soon noticed.
        attempts: how often such a thing is tried at most; None for as often as ``patience`` allows.
        max_wait: the longest wait between two attempts, in seconds.
        keep_trajectories: whose steps are stored with what went in and came out: ``"all"``; ``"training"``,
            those of minibatches and of the seed, which are all that reflection may see and few; or
            ``"none"``. Of others only the outline is stored: kind, name, usage, seconds and components.
            Reflection sees no more than is stored, so that a run that is resumed is the one that was never
            interrupted.
        executor: where rollouts run: in this process, unless the name of an installed executor, a table
            of a name and its options, or an `Executor` says otherwise. Metric and reflection stay here.
        prices: what models cost, by the name that their steps have, or that of the reflection model. They
            count where a call reports tokens and no price; for other models the list that litellm ships
            does, if litellm is installed.
        limits: how fast models may be called, by their names or globs such as ``"openai/*"``: the app's
            and the reflection model, wherever an executor runs the app. Every limit that matches a model
            holds for it, and the models that one matches share it.
    """

    concurrency: int = attrs.field(default=8, validator=whole("execution", least=1))
    timeout: float | None = attrs.field(default=300.0, validator=_SECONDS)
    metric_timeout: float | None = attrs.field(default=300.0, validator=_SECONDS)
    metric_errors: Literal["stop", "fail"] = attrs.field(default="stop", validator=_stop_or_fail)
    patience: float = attrs.field(default=300.0, validator=at_least("execution", least=0))
    attempts: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(whole("execution", least=1))
    )
    max_wait: float = attrs.field(default=60.0, validator=at_least("execution", least=0))
    keep_trajectories: Literal["all", "training", "none"] = attrs.field(default="all", validator=_kept)
    executor: Executor = attrs.field(factory=LocalExecutor, converter=as_executor)
    prices: Mapping[str, Price] = attrs.field(factory=dict, converter=as_prices)
    limits: Mapping[str, RateLimit] = attrs.field(factory=dict, converter=as_limits)

    def keeps(self, purpose: Purpose) -> bool:
        """Whether the trajectory of a rollout for ``purpose`` is stored as it is."""
        is_training = purpose in ("seed", "probe", "parent", "child")
        return self.keep_trajectories == "all" or (self.keep_trajectories == "training" and is_training)

    def patience_with(self, service: str, gate: Gate) -> Patience:
        """How long is waited for ``service``, as messages call it."""
        return Patience(
            service=service,
            gate=gate,
            attempts=self.attempts,
            seconds=self.patience,
            max_wait=self.max_wait,
        )
