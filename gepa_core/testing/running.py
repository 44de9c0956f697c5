"""A whole run in a moment, to see what a plugin does in one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from gepa_core.api import optimize
from gepa_core.execution import Execution
from gepa_core.result import Result
from gepa_core.testing.toy import ToySystem, toy_metric, toy_model


def run_toy(
    *plugins: Any,
    system: Any = None,
    budget: Any = 120,
    seed: int = 0,
    concurrency: int = 4,
    run_dir: str | Path | None = None,
    **settings: Any,
) -> Result:
    """Optimise the toy app: 14 training and 10 validation examples.

    Args:
        plugins: go before the built-in ones; the first is asked first.
        system: the app; a new `ToySystem` by default.
        budget: rollouts, or a `Budget`.
        seed: decides every random choice.
        concurrency: rollouts at once.
        run_dir: where to store the run; by default a directory that is removed when it is over.
        settings: further arguments of `optimize`, such as ``metric`` or ``reflection_lm``.

    Returns:
        The result, which is a function of everything but ``concurrency`` and ``run_dir``.
    """
    if run_dir is None:
        with tempfile.TemporaryDirectory(prefix="gepa-toy-") as directory:
            return run_toy(
                *plugins,
                system=system,
                budget=budget,
                seed=seed,
                concurrency=concurrency,
                run_dir=Path(directory, "run"),
                **settings,
            )
    defaults: dict[str, Any] = {
        "trainset": range(14),
        "valset": range(20, 30),
        "metric": toy_metric,
        "reflection_lm": toy_model(),
        "execution": Execution(concurrency=concurrency, attempts=1),
    }
    return optimize(
        ToySystem() if system is None else system,
        plugins=plugins,
        budget=budget,
        seed=seed,
        run_dir=run_dir,
        **{**defaults, **settings},
    )
