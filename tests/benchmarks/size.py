"""Memory and disk of a long run, with trajectories of the length that apps have."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.apart import call_apart, peak
from tests.benchmarks.row import Row

CHARS = 3000
"""Characters of one trajectory."""


def rows(full: bool) -> list[Row]:
    """Peak memory above the import, and size of the run directory; each engine in its own process."""
    candidates, val = (1000, 500) if full else (50, 200)
    ours, theirs = (call_apart(_measure, who, candidates, val) for who in ("ours", "theirs"))
    what = f"{candidates} candidates x {val} examples"
    raw = candidates * val * _text_length() / 1e6
    return [
        _row(f"peak memory, {what}", ours[0], "gepa, stored", theirs[0]),
        _row(f"run directory, {what}", ours[1], "its trajectories as text", raw),
        _row(f"run directory, {what}", ours[1], "gepa (keeps no trajectories)", theirs[1]),
        Row(
            group="size",
            name=f"files of it, {what}",
            value=ours[2],
            unit="files",
            beside="gepa",
            other=theirs[2],
        ),
    ]


def _text_length() -> int:
    """Characters of one trajectory as JSON."""
    from gepa_core.codec import encode
    from tests.benchmarks.loads import trajectory

    return len(encode(trajectory({"n": "val 1"}, "1", CHARS)))


def _measure(who: str, candidates: int, val: int) -> tuple[float, float, int]:
    """Megabytes of memory and of disk, and files."""
    from tests.benchmarks.free_runs import our_run, their_run

    run = our_run if who == "ours" else their_run
    with TemporaryDirectory() as scratch:
        run(2, 5, Path(scratch) / "warm", chars=CHARS)
        before = peak()
        where = Path(scratch) / "run"
        run(candidates, val, where, chars=CHARS)
        files = [path for path in where.rglob("*") if path.is_file()]
        return peak() - before, sum(path.stat().st_size for path in files) / 1e6, len(files)


def _row(name: str, value: float, beside: str, other: float) -> Row:
    return Row(group="size", name=name, value=value, unit="MB", beside=beside, other=other)
