"""How sure one can be of a difference."""

from __future__ import annotations

from collections.abc import Mapping

from gepa_core.result import Interval


def paired_interval(
    before: Mapping[str, float], after: Mapping[str, float], level: float = 0.95
) -> Interval | None:
    """Bootstrap confidence interval of the mean difference, after minus before, pair by pair.

    Percentile bootstrap with 10,000 resamples and a fixed seed (scipy.stats.bootstrap), which needs no
    assumption about the scores' distribution.

    Args:
        before: score by example id.
        after: score by example id, with the same keys.
        level: confidence, between 0 and 1.

    Returns:
        The interval; None for fewer than two pairs.
    """
    # Sorted, so that the order in which examples were run does not move the resampling.
    differences = sorted(after[example] - before[example] for example in before)
    if len(differences) < 2:
        return None
    if min(differences) == max(differences):
        return Interval(low=differences[0], high=differences[0], level=level)
    import numpy as np
    from scipy.stats import bootstrap

    found = bootstrap(
        (np.asarray(differences),),
        np.mean,
        n_resamples=10_000,
        batch=500,  # the same draws, in a twentieth of the memory
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(low=float(found.low), high=float(found.high), level=level)
