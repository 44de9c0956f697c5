"""`optimize`, for a call of `gepa.optimize` that works already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

import gepa_core
from gepa_core.budget import Budget
from gepa_core.errors import ConfigurationError, ModelFault
from gepa_core.execution import Execution
from gepa_core.presets import Preset
from gepa_core.protocols import Completion, Message
from gepa_core.result import Result
from gepa_core.types import Component
from gepa_reference.system import ReferenceSystem, wrap

if TYPE_CHECKING:
    from gepa.adapters.default_adapter.default_adapter import ChatCompletionCallable, Evaluator
    from gepa.core.adapter import GEPAAdapter, ProposalFn


def optimize(
    seed_candidate: Mapping[str, str | Component],
    trainset: Iterable[Any],
    valset: Iterable[Any] | None = None,
    adapter: GEPAAdapter[Any, Any, Any] | None = None,
    *,
    task_lm: str | ChatCompletionCallable | None = None,
    evaluator: Evaluator | None = None,
    reflection_lm: Any = None,
    budget: int | Budget,
    custom_candidate_proposer: ProposalFn | None = None,
    testset: Iterable[Any] | None = None,
    plugins: Sequence[Any] = (),
    run_dir: str | Path | None = None,
    seed: int = 0,
    preset: str | Preset = "default",
    execution: Execution | None = None,
) -> Result:
    """Run an adapter of the package gepa under this engine.

    The first arguments are those of ``gepa.optimize``, with the same names and meanings; the others are
    those of `gepa_core.optimize`. ``budget`` is gepa's ``max_metric_calls``.

    Args:
        seed_candidate: the texts to start from, by component.
        trainset: rows as the adapter takes them, or a data loader of the package gepa.
        valset: rows to score candidates on; without it the training set serves.
        adapter: any adapter of the package gepa. Without it gepa's `DefaultAdapter` asks ``task_lm``.
        task_lm: a model for the default adapter: a litellm string or a function of messages.
        evaluator: how the default adapter scores; by default the answer has to be in the response.
        reflection_lm: as in `gepa_core.optimize`. Not needed where the adapter writes new texts itself.
        budget: rollouts, or a `Budget`.
        custom_candidate_proposer: writes new texts instead of reflection.
        testset: rows to compare the seed and the best candidate on, once, at the end.
        plugins: asked before the adapter's own.
        run_dir: where to store the run; one that is there goes on.
        seed: decides every random choice.
        preset: ``"default"``, ``"paper"``, or a `Preset`.
        execution: concurrency, timeout and retries.

    Returns:
        ``result.best.texts`` is the best candidate. ``result.app`` is the same, or the program with its
        texts where the adapter can build one.

    Raises:
        ConfigurationError: something in the call is wrong; nothing was spent.
        GepaError: see `gepa_core.optimize`.
    """
    system = wrap(_adapter(adapter, task_lm, evaluator), seed_candidate, proposer=custom_candidate_proposer)
    return optimize_wrapped(
        system,
        trainset=trainset,
        valset=valset,
        testset=testset,
        reflection_lm=reflection_lm,
        budget=budget,
        plugins=plugins,
        run_dir=run_dir,
        seed=seed,
        preset=preset,
        execution=execution,
    )


def optimize_wrapped(
    system: ReferenceSystem,
    *,
    trainset: Iterable[Any],
    valset: Iterable[Any] | None,
    testset: Iterable[Any] | None,
    reflection_lm: Any,
    budget: int | Budget,
    plugins: Sequence[Any],
    run_dir: str | Path | None,
    seed: int,
    preset: str | Preset,
    execution: Execution | None,
) -> Result:
    """`gepa_core.optimize` with everything that comes with a wrapped adapter."""
    if reflection_lm is None and system.proposer is None:
        raise ConfigurationError(
            "reflection_lm is missing, and the adapter has no propose_new_texts that would write new texts"
        )
    return gepa_core.optimize(
        system,
        trainset=system.examples(trainset),
        valset=None if valset is None else system.examples(valset),
        testset=None if testset is None else system.examples(testset),
        metric=system.metric,
        reflection_lm=_Nobody() if reflection_lm is None else reflection_lm,
        budget=budget,
        plugins=[*plugins, system.hooks],
        components="all",
        run_dir=run_dir,
        seed=seed,
        preset=preset,
        execution=execution,
    )


@attrs.frozen
class _Nobody:
    """Stands where a run needs a reflection model and the adapter writes new texts itself."""

    name: str = "the adapter's own"

    async def complete(self, _messages: Sequence[Message]) -> Completion:
        """There is nothing to ask."""
        raise ModelFault("the adapter writes new texts itself, and something else asked for reflection_lm")


def _adapter(
    adapter: GEPAAdapter[Any, Any, Any] | None,
    task_lm: str | ChatCompletionCallable | None,
    evaluator: Evaluator | None,
) -> GEPAAdapter[Any, Any, Any]:
    if adapter is not None:
        if task_lm is not None or evaluator is not None:
            raise ConfigurationError(
                "task_lm and evaluator are for the default adapter: leave them or adapter out"
            )
        return adapter
    if task_lm is None:
        raise ConfigurationError("give an adapter, or a task_lm for gepa's default adapter")
    from gepa.adapters.default_adapter.default_adapter import DefaultAdapter

    return DefaultAdapter(model=task_lm, evaluator=evaluator)
