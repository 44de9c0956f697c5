"""Runs of the free app: by this project's engine and by the PyPI package gepa."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from gepa.api import optimize as gepa_optimize
from gepa.core.adapter import GEPAAdapter
from gepa.core.result import GEPAResult

from gepa_core import Execution, optimize
from tests.benchmarks.loads import CountUp, FreeAdapter, FreeSystem, metric
from tests.faithfulness.theirs import Silent

TRAIN = [{"n": f"train {number}"} for number in range(50)]


def examples(count: int) -> list[dict[str, Any]]:
    """Validation rows."""
    return [{"n": f"val {number}"} for number in range(count)]


def our_run(candidates: int, val: int, run_dir: Path, *, chars: int = 0) -> list[float]:
    """CPU seconds between commits, in order."""
    counter = CountUp(candidates)
    result = optimize(
        FreeSystem(chars),
        trainset=TRAIN,
        valset=examples(val),
        metric=metric,
        reflection_lm=lambda prompt: prompt,
        budget=10**9,
        plugins=[counter, "no:merge"],
        run_dir=run_dir,
        execution=Execution(concurrency=32),
    )
    accepted = sum(proposal.status == "accepted" for proposal in result.proposals)
    if accepted != candidates:
        raise AssertionError(f"{accepted} of {candidates} candidates were accepted: {result.stop_reason}")
    return _between(counter.times)


def their_run(candidates: int, val: int, run_dir: Path | None, *, chars: int = 0) -> list[float]:
    """CPU seconds between proposals, in order."""
    free = FreeAdapter(chars)
    adapter: GEPAAdapter[dict[str, Any], Any, Any] = free
    result: GEPAResult[Any, Any] = gepa_optimize(
        seed_candidate={"number": "0"},
        trainset=TRAIN,
        valset=examples(val),
        adapter=adapter,
        max_metric_calls=candidates * (val + 6) - 6,
        reflection_minibatch_size=3,
        skip_perfect_score=False,
        logger=Silent(),
        run_dir=None if run_dir is None else str(run_dir),
    )
    if abs(len(result.candidates) - candidates) > 1:
        raise AssertionError(f"{len(result.candidates)} of {candidates} candidates were accepted")
    return _between(free.times)


def first_and_last(seconds: Sequence[float]) -> tuple[float, float]:
    """Medians over the first and the last fifth: does it grow?"""
    share = max(1, len(seconds) // 5)
    return median(seconds[:share]), median(seconds[-share:])


def _between(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]
