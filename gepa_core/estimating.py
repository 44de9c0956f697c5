"""`estimate`: what a run would cost, before it begins."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from gepa_core import background, fingerprint
from gepa_core.api import prepare
from gepa_core.budget import Budget, ForTest, Ledger
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.execution import Execution
from gepa_core.executors import opened
from gepa_core.forecast import Each, Forecast, forecast
from gepa_core.manager import PluginManager
from gepa_core.mutation import Reflected
from gepa_core.presets import Preset
from gepa_core.prices import price_of
from gepa_core.protocols import Adapter, Metric, Session
from gepa_core.reflection import DEFAULT_TEMPLATE, render_prompt
from gepa_core.reflection.cutting import CHARS_PER_TOKEN
from gepa_core.run import Run
from gepa_core.sizes import Sizes
from gepa_core.stages import Stages
from gepa_core.state import State
from gepa_core.store import FILE, Store
from gepa_core.summary import cost_of
from gepa_core.trial import Trial, tried
from gepa_core.types import Component, Example, Feedback, Outcome
from gepa_core.workers import Workers

ANSWER_TOKENS = 300
"""What a reflection is taken to say beside the new text, in tokens."""


@attrs.frozen(kw_only=True)
class Estimate:
    """What a run would cost.

    Attributes:
        components: names of those that would be optimised.
        sizes: of the data, the minibatches and what is optimised.
        budget: the limits.
        fewest: the run if every proposal is accepted, and so validated; None where no limit can be counted.
        most: the run if none is.
        each: mean usage of rollouts and reflections; known of what was tried.
        prompt_tokens: the least that a rollout sends, if each text that is optimised is sent once: by the
            lengths of texts and inputs, at four characters a token.
        reflection_tokens: the same of a reflection's prompt.
        trial: what was run to find out; None if nothing was.
        spent: rollouts that the run in ``run_dir`` has spent already, which the forecasts count too.
    """

    components: tuple[str, ...]
    sizes: Sizes
    budget: Budget
    fewest: Forecast | None
    most: Forecast | None
    each: Each
    prompt_tokens: int
    reflection_tokens: int
    trial: Trial | None = None
    spent: int = 0


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
    workers, session = Workers(), run.session()
    try:
        manager = run.manager(workers, session)
        sizes, spent = run.sizes(manager), _spent(run, manager)
        _check(run, sizes)
        trial = None
        if tries:
            trial = background.run(_tried(run, session, Stages(manager, workers), tries), lambda: None)
    finally:
        workers.close()
    return _estimate(run, manager, sizes, trial, spent)


async def _tried(run: Run, session: Session, stages: Stages, tries: int) -> Trial:
    async with opened(session):
        return await tried(run, stages, tries)


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


def _estimate(run: Run, manager: PluginManager, sizes: Sizes, trial: Trial | None, spent: int) -> Estimate:
    prompt = _reflection_tokens(run, manager, sizes.minibatch, trial)
    each = Each() if trial is None else _each(run, trial, prompt)
    fewest, most = (
        forecast(sizes, run.budget, each, reuse=run.preset.reuse, accepted=accepted)
        for accepted in (True, False)
    )
    return Estimate(
        components=tuple(component.name for component in run.components),
        sizes=sizes,
        budget=run.budget,
        fewest=fewest,
        most=most,
        each=each,
        prompt_tokens=_least_prompt(run),
        reflection_tokens=prompt,
        trial=trial,
        spent=spent,
    )


def _least_prompt(run: Run) -> int:
    """Tokens of the texts that are optimised and of a mean input."""
    texts = sum(len(component.text) for component in run.components)
    train = run.splits["train"]
    inputs = sum(len(str(example.inputs)) for example in train) / len(train)
    return round((texts + inputs) / CHARS_PER_TOKEN)


def _reflection_tokens(run: Run, manager: PluginManager, minibatch: int, trial: Trial | None) -> int:
    """Tokens of a reflection's prompt, a mean over the components."""
    shown = trial.reflected if trial is not None else [_unseen(example) for example in run.splits["train"]]
    batch = list(itertools.islice(itertools.cycle(shown), minibatch))
    found = (plugin for _, plugin in manager.plugins if isinstance(plugin, ReflectiveMutation))
    mutation = next(found, ReflectiveMutation())
    prompts = [
        render_prompt(
            component,
            all_components=run.components,
            minibatch=batch,
            task=mutation.task,
            template=mutation.template or DEFAULT_TEMPLATE,
            max_tokens=mutation.max_tokens,
        )
        for component in run.components
    ]
    return sum(map(len, prompts)) // (len(prompts) * CHARS_PER_TOKEN)


def _unseen(example: Example) -> Reflected:
    """An example as a reflection would be shown it, without anything that the app does."""
    outcome = Outcome(candidate="", example=example.id, split=example.split, feedback=Feedback(0.0))
    return Reflected(example=example, outcome=outcome)


def _each(run: Run, trial: Trial, prompt: int) -> Each:
    answer = sum(_answer_tokens(component) for component in run.components) / len(run.components)
    price = price_of(run.model.name, run.execution.prices)
    return Each(
        rollout_tokens=trial.mean_tokens,
        rollout_dollars=trial.mean_dollars,
        reflection_tokens=prompt + answer,
        reflection_dollars=None if price is None else price.sent * prompt + price.received * answer,
    )


def _answer_tokens(component: Component) -> float:
    return len(component.text) / CHARS_PER_TOKEN + ANSWER_TOKENS
