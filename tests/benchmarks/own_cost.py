"""What the engine itself costs: rollouts are free, and every proposal is accepted.

CPU time of the process, which a busy machine disturbs less than wall clock.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.free_runs import first_and_last, our_run, their_run
from tests.benchmarks.row import Row


def rows(full: bool) -> list[Row]:
    """Per proposal and per rollout, early and late in a run."""
    candidates = 400 if full else 60
    with TemporaryDirectory() as scratch:
        where = Path(scratch)
        large, small = our_run(candidates, 500, where / "large"), our_run(candidates, 10, where / "small")
        saved = their_run(candidates, 500, where / "gepa")
    unsaved = their_run(candidates, 500, None)
    early, late = first_and_last(large)
    (_, few), (_, theirs_saved), (theirs_early, theirs) = map(first_and_last, (small, saved, unsaved))
    per_rollout = (late - few) / 490
    what = f"CPU per proposal at candidate {candidates}"
    return [
        _row(f"{what}, but for its rollouts", few - 16 * per_rollout, "goal", 0.002),
        _row(f"{what}, 500 examples, stored", late, "gepa, stored", theirs_saved),
        _row(f"{what}, 500 examples, stored", late, "gepa, not stored", theirs),
        _row("the same, late in the run", late, "early in the run", early),
        _row("the same of gepa, not stored", theirs, "early in the run", theirs_early),
        _row("CPU per rollout, stored", per_rollout, "gepa, stored", theirs_saved / 500),
    ]


def _row(name: str, seconds: float, beside: str, other: float) -> Row:
    return Row(
        group="own cost", name=name, value=1000 * seconds, unit="ms", beside=beside, other=1000 * other
    )
