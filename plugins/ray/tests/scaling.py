"""A run over 10,000 rollouts on more and more workers: python -m plugins.ray.tests.scaling [WORKERS...]

The app is simulated: a rollout sleeps on a thread, as one that waits for a model does, and takes next to no
CPU. What is printed says how much of its workers a run can use, and nothing about any model.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from gepa_ray import RayExecutor

from gepa_core import Execution, Preset, Rollout, optimize
from gepa_core.pacing import Calls
from gepa_core.presets import as_preset
from gepa_core.testing import toy_metric, toy_model

from .apps import SyncToySystem

ROLLOUTS = 10_000
SECONDS = 0.1
AT_ONCE = 8
"""Rollouts of a worker."""
PRESET: Preset = attrs.evolve(as_preset("default"), lookahead=8)


@attrs.define(eq=False, kw_only=True)
class Sleeping(SyncToySystem):
    """The toy, taking its time. It asks nobody before it calls its models, which are no provider's."""

    def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run the app on a number."""
        time.sleep(SECONDS)
        with Calls().active():
            return super().run(texts, inputs)


def measure(workers: int) -> tuple[int, float, float]:
    """Rollouts, seconds, and seconds until the workers were ready."""
    executor = RayExecutor(workers=workers, rollouts_per_worker=AT_ONCE, cpus_per_worker=0)
    system, began = Sleeping(), time.perf_counter()
    ready: list[float] = []

    def metric(number: int, output: int) -> Any:
        if not ready:
            ready.append(time.perf_counter() - began - SECONDS)
        return toy_metric(number, output)

    with tempfile.TemporaryDirectory() as directory:
        result = optimize(
            system,
            trainset=range(200),
            valset=range(1000, 1900),
            metric=metric,
            reflection_lm=toy_model(),
            budget=ROLLOUTS,
            preset=PRESET,
            execution=Execution(concurrency=workers * AT_ONCE, executor=executor, timeout=None),
            run_dir=Path(directory, "run"),
        )
    return result.cost.total_rollouts, time.perf_counter() - began, ready[0]


def main() -> None:
    """One line for each number of workers."""
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    print(f"{os.cpu_count()} cores; a rollout sleeps {SECONDS} s; {AT_ONCE} at once on a worker")
    for workers in map(int, sys.argv[1:] or ("1", "2", "4", "8")):
        rollouts, seconds, ready = measure(workers)
        floor = rollouts * SECONDS / (workers * AT_ONCE)
        print(
            f"{workers} workers: {rollouts} rollouts in {seconds:.1f} s, {ready:.1f} s of them until the"
            f" first one began; {floor:.1f} s of sleep for each place: {(seconds - ready) / floor:.2f} times",
            flush=True,
        )
    ray.shutdown()


if __name__ == "__main__":
    main()
