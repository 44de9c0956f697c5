"""Sets of built-in plugins and settings, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from gepa_core.defaults.deciding import BetterOnMinibatch, FullValidation, StopWhenPerfect, StopWhenStalled
from gepa_core.defaults.merge import SystemAwareMerge
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.defaults.selection import ParetoByFrequency, RoundRobin
from gepa_core.errors import ConfigurationError


@attrs.frozen(kw_only=True)
class Preset:
    """What a run does where the user's plugins do not say otherwise.

    Attributes:
        name: for reports.
        plugins: built-in plugins by name; leave one out with ``plugins=["no:name"]``.
        lookahead: proposals that may be on their way at once. 1 is the paper's sequential loop; more
            overlap the models' latencies and save time, but decide on a pool that is that much older, and
            so find less for the same rollouts.
        reuse: whether a parent's known outcomes on training examples are used again.
        frontier: what the Pareto frontier is kept over.
        perfect_score: the score that cannot be bettered; None when there is none. A score above it
            shows that the metric has another scale, and then there is none.
        failure_score: the score of an example on which the candidate failed.
    """

    name: str
    plugins: Mapping[str, Any]
    lookahead: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    reuse: bool = True
    frontier: Literal["examples", "objectives", "both"] = "examples"
    perfect_score: float | None = 1.0
    failure_score: float = 0.0


def paper() -> Preset:
    """The algorithm of arXiv 2507.19457, with merges."""
    return Preset(name="paper", plugins=_plugins(skip_solved=False), reuse=False)


def default() -> Preset:
    """The paper's algorithm without its waste: known outcomes are used again, and minibatches avoid
    examples that the parent has solved."""
    return Preset(name="default", plugins=_plugins(skip_solved=True))


PRESETS: Mapping[str, Callable[[], Preset]] = {"default": default, "paper": paper}


def as_preset(value: str | Preset) -> Preset:
    """A preset, or the one of that name.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if isinstance(value, Preset):
        return value
    if value not in PRESETS:
        raise ConfigurationError(f"no preset is called {value!r}; there are {', '.join(map(repr, PRESETS))}")
    return PRESETS[value]()


def _plugins(*, skip_solved: bool) -> dict[str, Any]:
    return {
        "merge": SystemAwareMerge(),
        "pareto": ParetoByFrequency(),
        "minibatch": EpochMinibatch(skip_solved=skip_solved),
        "round_robin": RoundRobin(),
        "reflection": ReflectiveMutation(),
        "better_on_minibatch": BetterOnMinibatch(),
        "full_validation": FullValidation(),
        "perfect": StopWhenPerfect(),
        "stalled": StopWhenStalled(),
    }
