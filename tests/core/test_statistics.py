"""The confidence interval of a run's gain, held against scipy's bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from gepa_core.result import Interval
from gepa_core.statistics import RESAMPLES, paired_interval

scores = st.lists(st.integers(0, 10).map(lambda tenths: tenths / 10), min_size=2, max_size=40)


def by_id(values: list[float]) -> dict[str, float]:
    return {str(place): value for place, value in enumerate(values)}


@settings(deadline=None, max_examples=25)
@given(scores, st.data(), st.sampled_from([0.8, 0.95]))
def test_the_interval_is_the_percentile_bootstrap_of_scipy(
    before: list[float], data: st.DataObject, level: float
) -> None:
    after = data.draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=len(before), max_size=len(before)))
    differences = sorted(new - old for old, new in zip(before, after, strict=True))
    found = paired_interval(by_id(before), by_id(after), level)
    assert found is not None
    if differences[0] == differences[-1]:
        assert found == Interval(low=differences[0], high=differences[0], level=level)
        return
    expected = bootstrap(
        (np.asarray(differences),),
        np.mean,
        n_resamples=RESAMPLES,
        batch=500,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_the_order_of_examples_does_not_matter() -> None:
    before, after = by_id([0.1, 0.5, 0.2, 0.9]), by_id([0.4, 0.5, 0.8, 0.7])
    turned = {key: after[key] for key in reversed(after)}
    assert paired_interval(before, after) == paired_interval(dict(reversed(before.items())), turned)


def test_one_pair_says_nothing_of_how_sure_one_can_be() -> None:
    assert paired_interval({"a": 0.0}, {"a": 1.0}) is None
