"""Sets of built-in plugins and settings, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Literal

import attrs

from gepa_core.checks import whole
from gepa_core.defaults.deciding import BetterOnMinibatch, FullValidation, StopWhenPerfect, StopWhenStalled
from gepa_core.defaults.merge import SystemAwareMerge
from gepa_core.defaults.redaction import HideSecrets
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.defaults.sampling import EpochMinibatch
from gepa_core.defaults.selection import ParetoByFrequency, RoundRobin
from gepa_core.errors import ConfigurationError


def _as_range(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    try:
        low, high = (float(end) for end in value)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high or isinstance(value, str):
        raise ConfigurationError(
            f"score_range={value!r} has to be the lowest and the highest score, such as (0, 1)"
        )
    return low, high


@attrs.frozen(kw_only=True)
class Preset:
    """What a run does where the user's plugins do not say otherwise.

    Attributes:
        name: for reports.
        plugins: built-in plugins by name; leave one out with ``plugins=["no:name"]``.
        lookahead: proposals that may be on their way at once. 1 is the paper's sequential loop; more
            overlap the models' latencies and save time, but decide on a pool that is that much older, and
            so find less for the same rollouts.
        rebase: whether a mutation waits, before it is validated, for the proposals before it, and is moved to
            the best of what they brought. Without effect at a lookahead of 1.
        reuse: whether a parent's known outcomes on training examples are used again.
        frontier: what the Pareto frontier is kept over.
        score_range: the lowest and the highest score that the metric may give. A score outside is an error
            of the metric. None when it is not said.
        perfect_score: the score that cannot be bettered; None when there is none. ``"auto"`` is the end of
            ``score_range``; without one it is 1, until a score above that shows that the metric has
            another scale, and then there is none.
        failure_score: the score of an example on which the candidate failed. ``"auto"`` is the beginning
            of ``score_range``, and 0 without one.

    Raises:
        ConfigurationError: ``score_range`` is none, or a score lies outside of it.
    """

    name: str
    plugins: Mapping[str, Any]
    lookahead: int = attrs.field(default=1, validator=whole("preset", least=1))
    rebase: bool = True
    reuse: bool = True
    frontier: Literal["examples", "objectives", "both"] = "examples"
    score_range: tuple[float, float] | None = attrs.field(default=None, converter=_as_range)
    perfect_score: float | Literal["auto"] | None = "auto"
    failure_score: float | Literal["auto"] = "auto"

    def __attrs_post_init__(self) -> None:
        if self.score_range is None:
            return
        low, high = self.score_range
        if self.perfect_score not in (None, "auto", high):
            raise ConfigurationError(
                f"perfect_score={self.perfect_score!r} is not the end of score_range={self.score_range!r}:"
                " leave it out, or say None to go on when a candidate is perfect"
            )
        if self.failure_score == "auto" and not isfinite(low):
            raise ConfigurationError(
                f"score_range={self.score_range!r} has no lowest score: say failure_score, the score of an"
                " example on which the app fails"
            )
        if self.failure_score != "auto" and self.failure_score > high:
            raise ConfigurationError(
                f"failure_score={self.failure_score!r} is above score_range={self.score_range!r}: failing"
                f" would be better than any answer; leave it out for {low:g}"
            )

    @property
    def rebases(self) -> bool:
        """Whether a mutation may find that others were accepted since it was planned, and is then rebased."""
        return self.rebase and self.lookahead > 1

    @property
    def perfect(self) -> float | None:
        """`perfect_score` as a number; None when there is none."""
        if self.perfect_score == "auto":
            high = 1.0 if self.score_range is None else self.score_range[1]
            return high if isfinite(high) else None
        return self.perfect_score

    @property
    def failure(self) -> float:
        """`failure_score` as a number."""
        if self.failure_score == "auto":
            return 0.0 if self.score_range is None else self.score_range[0]
        return self.failure_score


def paper(**settings: Any) -> Preset:
    """The algorithm of arXiv 2507.19457, with merges.

    Args:
        settings: other attributes of `Preset`, such as ``score_range=(0, 100)``.
    """
    plugins = _plugins(skip_solved=False)
    return Preset(**{"name": "paper", "plugins": plugins, "reuse": False, "rebase": False, **settings})


def default(**settings: Any) -> Preset:
    """The paper's algorithm without its waste: known outcomes are used again, and minibatches avoid
    examples that the parent has solved.

    Args:
        settings: other attributes of `Preset`, such as ``score_range=(0, 100)``.
    """
    return Preset(**{"name": "default", "plugins": _plugins(skip_solved=True), **settings})


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
        "secrets": HideSecrets(),
        "reflection": ReflectiveMutation(),
        "better_on_minibatch": BetterOnMinibatch(),
        "full_validation": FullValidation(),
        "perfect": StopWhenPerfect(),
        "stalled": StopWhenStalled(),
    }
