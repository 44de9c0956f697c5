"""`estimate` and `aestimate`: what a run would cost, before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gepa_core import background, fingerprint
from gepa_core.api import prepare
from gepa_core.budget import Budget, ForTest, Ledger
from gepa_core.execution import Execution
from gepa_core.executors import opened
from gepa_core.expectation import Estimate, expected
from gepa_core.manager import PluginManager
from gepa_core.presets import Preset
from gepa_core.protocols import Adapter, Metric
from gepa_core.run import Run
from gepa_core.sizes import Sizes
from gepa_core.stages import Stages
from gepa_core.state import State
from gepa_core.store import FILE, Store
from gepa_core.summary import cost_of
from gepa_core.trial import tried
from gepa_core.workers import Workers


def estimate(
    target: Any,
    *,
    trainset: Iterable[Any],
    valset: Iterable[Any] | None = None,
    testset: Iterable[Any] | None = None,
    metric: Metric,
    reflection_lm: Any,
    budget: int | Budget,
    plugins: Sequence[Any] = (),
    components: str | Sequence[str] = "prompts",
    run_dir: str | Path | None = None,
    force_new: bool = False,
    seed: int = 0,
    preset: str | Preset = "default",
    execution: Execution | None = None,
    adapter: Adapter | None = None,
    tries: int = 0,
) -> Estimate:
    """What `optimize` with the same arguments would cost. Nothing is written.

    Everything is checked that `optimize` checks before it spends, but that the run directory can be
    written, and what plugins check when they are configured. No model is called unless ``tries`` says so.

    Args:
        tries: training examples to run the app on, once each, and to score, to learn what a rollout uses.
            The other arguments are those of `optimize`.

    Raises:
        ConfigurationError: as `optimize` raises it.
        MetricError: the metric failed on what was tried.
        InfrastructureFault: a model could not be reached when the app was tried.
        ModelFault: a model cannot be used at all.
    """
    run = prepare(
        target,
        splits=(trainset, valset, testset),
        metric=metric,
        reflection_lm=reflection_lm,
        budget=budget,
        plugins=plugins,
        components=components,
        run_dir=run_dir,
        force_new=force_new,
        seed=seed,
        preset=preset,
        execution=execution,
        adapter=adapter,
    )
    return background.run(_estimated(run, tries), lambda: None)


async def aestimate(
    target: Any,
    *,
    trainset: Iterable[Any],
    valset: Iterable[Any] | None = None,
    testset: Iterable[Any] | None = None,
    metric: Metric,
    reflection_lm: Any,
    budget: int | Budget,
    plugins: Sequence[Any] = (),
    components: str | Sequence[str] = "prompts",
    run_dir: str | Path | None = None,
    force_new: bool = False,
    seed: int = 0,
    preset: str | Preset = "default",
    execution: Execution | None = None,
    adapter: Adapter | None = None,
    tries: int = 0,
) -> Estimate:
    """`estimate` for async callers: tries on the caller's event loop. Arguments and errors are the same."""
    run = prepare(
        target,
        splits=(trainset, valset, testset),
        metric=metric,
        reflection_lm=reflection_lm,
        budget=budget,
        plugins=plugins,
        components=components,
        run_dir=run_dir,
        force_new=force_new,
        seed=seed,
        preset=preset,
        execution=execution,
        adapter=adapter,
    )
    return await _estimated(run, tries)


async def _estimated(run: Run, tries: int) -> Estimate:
    workers, session = Workers(), run.session()
    try:
        manager = run.manager(workers, session)
        sizes, spent = run.sizes(manager), _spent(run, manager)
        _check(run, sizes)
        trial = None
        if tries:
            async with opened(session):
                trial = await tried(run, Stages(manager, workers), tries)
    finally:
        workers.close()
    return expected(run, manager, sizes, trial, spent)


def _spent(run: Run, manager: PluginManager) -> int:
    """Rollouts of the run that would go on.

    Raises:
        RunMismatch: it is another run.
    """
    facts = run.facts(manager)
    directory = fingerprint.beside(run.run_dir, facts) if run.force_new else run.run_dir
    if not (directory / FILE).exists():
        return 0
    store = Store.read(directory)
    try:
        fingerprint.compare(store, facts)
        return cost_of(store).total_rollouts
    finally:
        store.close()


def _check(run: Run, sizes: Sizes) -> None:
    state = State(components=run.components, train=(), val=(), seed=run.seed)
    Ledger(budget=run.budget, state=state, test=ForTest(size=sizes.test)).check(sizes.least)
