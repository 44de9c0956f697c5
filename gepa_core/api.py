"""`optimize` and `aoptimize`: the whole library in one call."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gepa_core import background, private
from gepa_core.adapters import choose_components, framework_adapter_for, wrap
from gepa_core.budget import Budget
from gepa_core.data import as_examples, as_rows
from gepa_core.defaults.running import takes_trajectory
from gepa_core.errors import ConfigurationError, DataError, StoreError
from gepa_core.execution import Execution
from gepa_core.lm import as_language_model
from gepa_core.presets import Preset, as_preset
from gepa_core.protocols import Adapter, LanguageModel, Metric
from gepa_core.result import Result
from gepa_core.run import Run
from gepa_core.search import execute

RUNS = Path(".gepa") / "runs"
"""Where runs are stored unless ``run_dir`` says otherwise, below the working directory."""


def optimize(
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
) -> Result:
    """Find better texts for the prompts of an existing app.

    Args:
        target: the app, as it is: anything that an installed adapter takes, or a `System`.
        trainset: rows that minibatches are drawn from and reflection reads, see `as_examples`.
        valset: rows that candidates are scored on; never shown to the reflection model. Without it the
            training set serves.
        testset: rows to compare the seed and the best candidate on, once, at the end.
        metric: ``metric(example, output)`` or ``metric(example, output, trajectory)``, sync or async;
            returns a number (higher is better) or a `Feedback`. ``example`` is the row as given.
        reflection_lm: a ``"provider/model"`` string, a `LanguageModel`, a chat model of a framework that
            an adapter knows, or a callable from a prompt to a text.
        budget: rollouts, or a `Budget`. Rollouts on the test set are part of it.
        plugins: objects, names of installed plugins, or ``"no:name"`` to leave a built-in one out; the
            first is asked first.
        components: ``"prompts"``, ``"all"``, or names or globs of the components to optimise. A
            component that never reaches a model is optimised only when it is named.
        run_dir: where to store the run; one that is there goes on. Default: a new directory in
            ``.gepa/runs``.
        force_new: what to do when ``run_dir`` holds a run of other data, texts or settings: instead of
            refusing, begin this one beside it, in ``run_dir-2`` or the next number that is free, and leave
            the other as it is. ``Result.run_dir`` says where. Called again, it goes on there.
        seed: decides every random choice.
        preset: ``"default"``, ``"paper"``, or a `Preset`.
        execution: concurrency, timeout, retries, and where rollouts run.
        adapter: the adapter to use instead of the one that is found.

    Returns:
        The best candidate, the app with its texts, the scores, the cost and why the run ended.

    Raises:
        ConfigurationError: something in the call is wrong; nothing was spent.
        RunMismatch: ``run_dir`` holds another run; shows what differs. A `ConfigurationError`.
        MetricError: the metric raised or returned no score.
        SystemFailed: the app failed on every validation example.
        InfrastructureFault: a model could not be reached before the seed was scored.
        ModelFault: a model cannot be used at all.
        StoreError: the run directory cannot be used.
        KeyboardInterrupt: after Ctrl-C, when what was running has been kept.
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
    _make_room(run.run_dir)
    try:
        return background.run(execute(run), run.interruption.happen)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"The run is kept: give run_dir={str(run.run_dir)!r} to go on.")
        raise


async def aoptimize(
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
) -> Result:
    """`optimize` for async callers: runs on the caller's event loop. Arguments and errors are the same."""
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
    _make_room(run.run_dir)
    return await execute(run)


def prepare(
    target: Any,
    *,
    splits: tuple[Iterable[Any], Iterable[Any] | None, Iterable[Any] | None],
    metric: Metric,
    reflection_lm: Any,
    budget: int | Budget,
    plugins: Sequence[Any],
    components: str | Sequence[str],
    run_dir: str | Path | None,
    force_new: bool,
    seed: int,
    preset: str | Preset,
    execution: Execution | None,
    adapter: Adapter | None,
) -> Run:
    """Check everything that can be checked before anything is spent."""
    trainset, valset, testset = splits
    train_rows = as_rows(trainset, "trainset")
    if not train_rows:
        raise DataError("trainset is empty: give at least one example to learn from")
    val_rows = train_rows if valset is None else as_rows(valset, "valset")
    if not val_rows:
        raise DataError("valset is empty: give examples, or leave it out to validate on the trainset")
    takes_trajectory(metric)
    system = wrap(target, adapter)
    return Run(
        system=system,
        components=choose_components(system.components, components),
        splits={
            "train": as_examples(train_rows, "train"),
            "val": as_examples(val_rows, "val"),
            "test": as_examples(None if testset is None else as_rows(testset, "testset"), "test"),
        },
        shares_train=valset is None,
        all_live=components not in ("prompts", "all"),
        metric=metric,
        model=_language_model(reflection_lm, adapter),
        budget=_as_budget(budget),
        plugins=plugins,
        run_dir=(new_run_dir() if run_dir is None else Path(run_dir)).absolute(),  # apps may change directory
        force_new=force_new,
        seed=seed,
        preset=as_preset(preset),
        execution=execution or Execution(),
        target=target,
        adapter=adapter,
    )


def _as_budget(value: int | Budget) -> Budget:
    if isinstance(value, Budget):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationError(f"budget={value!r} has to be a whole number of rollouts, or a Budget")
    return Budget(rollouts=value)


def _language_model(value: Any, adapter: Adapter | None) -> LanguageModel:
    """The reflection model; the adapter of its framework is asked only about objects."""
    found = None if isinstance(value, str) else framework_adapter_for(value)
    return as_language_model(value, [one for one in (adapter, found) if one is not None])


def new_run_dir() -> Path:
    """The name of a directory below `RUNS` that no other run has. Nothing is made."""
    return RUNS / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"


def _make_room(run_dir: Path) -> None:
    """Make the usual place of runs, if that is where this one goes, so that version control leaves it alone.

    Raises:
        StoreError: it cannot be written.
    """
    if run_dir.parent != RUNS.absolute():
        return
    ignore = RUNS.parent / ".gitignore"
    try:
        private.make_directory(RUNS)
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise StoreError(f"{str(RUNS)!r} cannot be made: {error}; give another run_dir") from error
