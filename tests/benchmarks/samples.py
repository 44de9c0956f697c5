"""What a search finds for its rollouts, on simulated problems that are the same for every side.

Means over problems of the best candidate known after so many rollouts, by its score on validation, and
that candidate's score on 40 examples that no side has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import TypeAlias

import attrs

from gepa_core import optimize
from gepa_core.presets import Preset, as_preset, default
from tests.benchmarks.row import Row
from tests.benchmarks.theirs import their_result
from tests.faithfulness.ours import ProblemSystem, SharedRewrite
from tests.faithfulness.problem import Problem
from tests.faithfulness.theirs import ProblemAdapter

DOMAINS = ("support_desk", "multi_hop")
BUDGETS = (300, 500)
Found: TypeAlias = list[tuple[int, float, Mapping[str, str]]]
"""Rollouts spent when a candidate was known, its mean on validation, its texts."""


def rows(full: bool) -> list[Row]:
    """Validation and test, at each budget, for each side; gepa stands beside all others."""
    problems = [Problem(name=name, seed=seed) for name in DOMAINS for seed in range(10 if full else 3)]
    ahead = [default(lookahead=lookahead) for lookahead in (1, 4, 8)]
    sides: dict[str, Callable[[Problem], Found]] = {
        "default (lookahead 1)": _ours(ahead[0]),
        "lookahead 4": _ours(ahead[1]),
        "lookahead 4 without rebasing": _ours(attrs.evolve(ahead[1], rebase=False)),
        "lookahead 8": _ours(ahead[2]),
        "lookahead 8 without rebasing": _ours(attrs.evolve(ahead[2], rebase=False)),
        "paper": _ours(as_preset("paper")),
        "gepa": _theirs,
    }
    found = {side: [run(problem) for problem in problems] for side, run in sides.items()}
    return [
        row
        for side in sides
        if side != "gepa"
        for budget in BUDGETS
        for row in _rows_at(side, budget, problems, found[side], found["gepa"])
    ]


def _rows_at(
    side: str, budget: int, problems: Sequence[Problem], ours: Sequence[Found], theirs: Sequence[Found]
) -> list[Row]:
    here, there = _scores(problems, ours, budget), _scores(problems, theirs, budget)
    return [
        Row(
            group="samples",
            name=f"{side}: {split} after {budget} rollouts, {len(problems)} problems",
            value=mean(value),
            unit="score",
            beside="gepa",
            other=mean(other),
            better="higher",
            detail={"ours": value, "gepa": other},
        )
        for split, value, other in zip(("validation", "test"), here, there, strict=True)
    ]


def _scores(
    problems: Sequence[Problem], found: Sequence[Found], budget: int
) -> tuple[list[float], list[float]]:
    """The best candidate of each problem within ``budget``: on validation and on test."""
    best = [
        max((one for one in each if one[0] <= budget), key=lambda one: one[1]) for each in found
    ]  # the first of equals
    tested = [_test(problem, texts) for problem, (_, _, texts) in zip(problems, best, strict=True)]
    return [score for _, score, _ in best], tested


def _test(problem: Problem, texts: Mapping[str, str]) -> float:
    test = problem.domain.rows("test", 40, seed=problem.seed)
    return mean(problem.domain.metric(row, problem.run(texts, row)).score for row in test)


def _ours(preset: Preset) -> Callable[[Problem], Found]:
    def run(problem: Problem) -> Found:
        with TemporaryDirectory() as scratch:
            result = optimize(
                ProblemSystem(problem),
                trainset=problem.train,
                valset=problem.val,
                metric=problem.domain.metric,
                reflection_lm=lambda prompt: prompt,
                budget=max(BUDGETS),
                plugins=[SharedRewrite(problem)],
                preset=preset,
                seed=problem.seed,
                run_dir=Path(scratch),
            )
        found, spent = [], 0
        for proposal in result.proposals:
            spent += sum(proposal.rollouts.values())
            if proposal.status == "accepted" and proposal.texts is not None:
                found.append((spent, mean(proposal.scores.values()), proposal.texts))
        return found

    return run


def _theirs(problem: Problem) -> Found:
    result = their_result(problem, ProblemAdapter(problem), max(BUDGETS))
    size = len(problem.val)
    spent = [size, *(before + size for before in result.discovery_eval_counts[1:])]
    return list(zip(spent, result.val_aggregate_scores, result.candidates, strict=True))
