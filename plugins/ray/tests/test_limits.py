"""Rate limits and waits that a provider asks for, as the provider sees them. The models are simulated."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from gepa_offline import TASK_MODEL, Fault, OfflineServer, serve
from gepa_ray import RayExecutor

from gepa_core import Execution, RateLimit, Result, optimize
from gepa_core.events import HeldBack, Retried, Warned
from gepa_core.testing import RecordingObserver

from .apps import Calling

pytestmark = pytest.mark.usefixtures("nodes")

RAY = RayExecutor(workers=2, rollouts_per_worker=4, cpus_per_worker=0.5, start_timeout=60)
ROLLOUTS = 24


def score_seed(server: OfflineServer, run_dir: Path, observer: RecordingObserver, **settings: Any) -> Result:
    """A run that finds the app perfect as it is, and so runs it once on each example."""
    rows = [f"Ticket {number}: where is my parcel?" for number in range(ROLLOUTS)]
    return optimize(
        Calling(base_url=server.base_url, name=TASK_MODEL),
        trainset=rows[:4],
        valset=rows,
        metric=lambda _example, _output: 1.0,
        reflection_lm=lambda _prompt: "never asked",
        budget=4 * ROLLOUTS,
        run_dir=run_dir,
        plugins=[observer],
        execution=Execution(concurrency=8, executor=RAY, **settings),
    )


def test_requests_of_all_workers_share_a_window(tmp_path: Path) -> None:
    """24 calls of two workers, 8 in a window: the ninth begins a window after the first, and so on.

    A call may arrive late, and none can arrive early.
    """
    window, observer = 0.5, RecordingObserver()
    limits = {TASK_MODEL: RateLimit(requests=8, tokens=10**9, seconds=window)}
    with serve(log_requests=True) as server:
        begin = time.perf_counter()
        result = score_seed(server, tmp_path, observer, limits=limits)
        arrivals = sorted(one.arrived for one in server.requests())
    assert len(arrivals) == result.cost.total_rollouts == ROLLOUTS
    assert [place for place, at in enumerate(arrivals[8:], 8) if at - begin < place // 8 * window] == []
    # A limit for no call, and tokens that are not told of, would be warned of.
    assert [one.message for one in observer.of(Warned) if "limit" in one.message] == []


def test_the_run_knows_which_provider_asked_a_worker_to_wait(tmp_path: Path) -> None:
    """It knows before the rollout that failed is back, or it would hold all rollouts instead of a model."""
    observer, wait = RecordingObserver(), 1.0
    fault = Fault("429", model=TASK_MODEL, retry_after=wait, times=1, after=8)
    with serve(log_requests=True, faults=[fault]) as server:
        result = score_seed(server, tmp_path, observer)
        seen = sorted(server.requests(), key=lambda one: one.arrived)
    (refused,) = [one for one in seen if one.status == 429]
    (again,) = [one for one in seen if one.prompt == refused.prompt and one is not refused]
    assert again.arrived - refused.arrived >= wait
    assert [(event.model, event.seconds) for event in observer.of(HeldBack)] == [(TASK_MODEL, wait)]
    assert len(observer.of(Retried)) == 1
    assert result.cost.total_rollouts == ROLLOUTS
