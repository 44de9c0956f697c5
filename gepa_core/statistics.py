"""How sure one can be of a difference."""

from __future__ import annotations

from collections.abc import Mapping

from gepa_core.result import Interval

RESAMPLES = 10_000
_AT_ONCE = 500
"""Resamples that are held in memory together."""


def paired_interval(
    before: Mapping[str, float], after: Mapping[str, float], level: float = 0.95
) -> Interval | None:
    """Bootstrap confidence interval of the mean difference, after minus before, pair by pair.

    Percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13) with
    `RESAMPLES` resamples and a fixed seed, which needs no assumption about the scores' distribution.

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

    values, rng = np.asarray(differences), np.random.default_rng(0)
    size = len(values)
    means = np.concatenate(
        [values[rng.integers(0, size, (_AT_ONCE, size))].mean(axis=1) for _ in range(RESAMPLES // _AT_ONCE)]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(low=float(low), high=float(high), level=level)
