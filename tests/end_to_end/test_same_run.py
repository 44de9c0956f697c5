"""Property 1: a run is a function of seed, settings, data and the models' answers, whatever the timing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gepa_core import Execution
from gepa_core.types import Proposal
from tests.core.toys import SyncToy, Toy, ToyModel, jittery_metric, preset, search

REPOSITORY = Path(__file__).parents[2]
JITTER = 0.004


def _run(directory: Path, concurrency: int, kind: str = "async", **changes: Any) -> tuple[Proposal, ...]:
    is_async = kind == "async"
    system = Toy(jitter=JITTER) if is_async else SyncToy(jitter=JITTER)
    execution = Execution(concurrency=concurrency, timeout=60.0)
    model: Any = ToyModel(jitter=JITTER)
    arguments = {"metric": jittery_metric(JITTER, is_async=is_async), "reflection_lm": model}
    return search(system, directory, execution=execution, **(arguments | changes)).proposals


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lookahead", [1, 4, 8])
def test_the_same_at_any_concurrency(tmp_path: Path, lookahead: int, seed: int) -> None:
    """Every field of every proposal is the same at concurrency 1, 4 and 32, with random waits everywhere,
    for an app and a metric that are async and for ones that are not."""
    runs = [
        _run(
            tmp_path / f"{concurrency}-{kind}",
            concurrency,
            kind,
            seed=seed,
            preset=preset(lookahead=lookahead),
        )
        for concurrency, kind in ((1, "async"), (4, "sync"), (32, "async"))
    ]
    assert len(runs[0]) > 8
    assert runs[1] == runs[0]
    assert runs[2] == runs[0]
