"""What a run would cost, from its sizes, its texts and what was tried."""

from __future__ import annotations

import itertools

import attrs

from gepa_core.budget import Budget
from gepa_core.defaults.reflection import ReflectiveMutation
from gepa_core.forecast import Each, Forecast, forecast
from gepa_core.manager import PluginManager
from gepa_core.mutation import Reflected
from gepa_core.prices import price_of
from gepa_core.reflection import DEFAULT_TEMPLATE, render_prompt
from gepa_core.reflection.cutting import CHARS_PER_TOKEN
from gepa_core.run import Run
from gepa_core.sizes import Sizes
from gepa_core.trial import Trial
from gepa_core.types import Component, Example, Feedback, Outcome

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


def expected(run: Run, manager: PluginManager, sizes: Sizes, trial: Trial | None, spent: int) -> Estimate:
    """What the run would cost.

    Args:
        trial: what was tried, if anything was.
        spent: rollouts that the run in its directory has spent already.
    """
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
