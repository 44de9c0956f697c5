"""``preset="paper"`` finds what the paper authors' package finds, for the same rollouts.

Simulated models; what is compared is the search. Each seed is a problem of its own (rows, task model,
reflection model), posed to both. The measure is the area under the curve of the best validation score
over rollouts; the interval is a t interval of the paired differences.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import ttest_1samp

from tests.faithfulness.ours import our_curve
from tests.faithfulness.problem import Problem
from tests.faithfulness.theirs import their_curve

SEEDS = range(20)
BUDGET = 400
GRID = range(25, BUDGET, 5)
WIDEST = 0.06
"""The half-width below which agreement says something."""


@pytest.mark.parametrize("merge", [False, True], ids=["mutation", "mutation and merge"])
@pytest.mark.parametrize("name", ["support_desk", "multi_hop"])
def test_paper_preset_agrees_with_the_reference_implementation(
    name: str, merge: bool, tmp_path: Path
) -> None:
    differences = []
    for seed in SEEDS:
        problem = Problem(name=name, seed=seed)
        ours = our_curve(problem, budget=BUDGET, merge=merge, run_dir=tmp_path / str(seed))
        theirs = their_curve(problem, budget=BUDGET, merge=merge)
        assert ours.points[0] == theirs.points[0], "both score the seed on the same examples"
        differences.append(ours.mean(GRID) - theirs.mean(GRID))
    interval = ttest_1samp(differences, 0.0).confidence_interval(0.95)
    print(f"{name}, merge {merge}: {sum(differences) / len(differences):+.4f} {interval}")  # pytest -rP
    assert interval.low <= 0 <= interval.high
    assert (interval.high - interval.low) / 2 <= WIDEST
