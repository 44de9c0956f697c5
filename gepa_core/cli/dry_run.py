"""``gepa-core optimize --dry-run``: what a run would cost, as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
import typer
from rich.console import RenderableType
from rich.text import Text

from gepa_core.cli import report, wording
from gepa_core.cli.call import prepare
from gepa_core.cli.console import output
from gepa_core.cli.ledger import PURPOSES
from gepa_core.cli.offline_model import offline_model
from gepa_core.cli.settings import Settings
from gepa_core.cli.tables import facts, heading, table
from gepa_core.estimating import estimate
from gepa_core.expectation import ANSWER_TOKENS, Estimate
from gepa_core.forecast import Forecast
from gepa_core.trial import Trial

_EXTREMES = ("all accepted", "none accepted")


def foresee(settings: Settings, *, tries: int, force_new: bool, as_json: bool) -> None:
    """Show what the run would cost.

    Args:
        tries: training examples to run the app on first.
        as_json: for other programs, instead of for people.

    Raises:
        GepaError: the run could not begin, or the app could not be tried.
    """
    with offline_model(settings.raw.get("offline")):
        call = prepare(settings, force_new=force_new)
        found = estimate(
            call.target, **call.arguments, plugins=call.plugins, run_dir=call.run_dir, tries=tries
        )
    simulated = "offline" in settings.raw
    if as_json:
        typer.echo(json.dumps({"target": settings.target, "simulated": simulated, **_plain(found)}, indent=2))
    else:
        report.write(output(), *page(found, settings.target, simulated=simulated))


def _plain(found: Estimate) -> dict[str, Any]:
    trial = found.trial
    return {
        "components": found.components,
        "data": {"train": found.sizes.train, "val": found.sizes.val, "test": found.sizes.test},
        "budget": attrs.asdict(found.budget),
        "spent": found.spent,
        "all_accepted": None if found.fewest is None else attrs.asdict(found.fewest),
        "none_accepted": None if found.most is None else attrs.asdict(found.most),
        "each": attrs.asdict(found.each),
        "prompt_tokens": found.prompt_tokens,
        "reflection_tokens": found.reflection_tokens,
        "tried": None
        if trial is None
        else {
            "rollouts": trial.number,
            "score": trial.score,
            "usage": attrs.asdict(trial.usage),
            "failures": [attrs.asdict(failure) for failure in trial.failures],
        },
    }


def page(found: Estimate, target: str, *, simulated: bool) -> Iterator[RenderableType]:
    """The page, part by part."""
    yield Text.assemble((target, "bold"), "  a dry run: nothing is begun")
    yield facts(list(_facts(found)))
    if found.trial is not None:
        yield heading("Tried", simulated=simulated)
        yield facts(list(_tried(found.trial)))
    yield heading("It would cost", simulated=simulated and found.trial is not None)
    if found.fewest is None or found.most is None:
        yield Text(_UNCOUNTED.format(remedy=_REMEDIES[found.trial is not None]), "yellow")
    else:
        yield _forecasts(found, found.fewest, found.most)
    yield from (Text(note, "dim") for note in _notes(found))


_UNCOUNTED = (
    "How far this budget goes cannot be counted: {remedy}limit rollouts (--budget) or reflections too."
)
_REMEDIES = {
    False: "what a rollout uses of it is not known. Give --try N to find out, or ",
    True: "what was tried did not report what it used of it, or has no known price. To count, ",
}


def _facts(found: Estimate) -> Iterator[tuple[str, str | Text]]:
    sizes, budget = found.sizes, found.budget
    yield "data", f"{sizes.train} train, {sizes.val} val, {sizes.test} test"
    yield "optimised", wording.listed(found.components)
    limits = {
        "rollouts": budget.rollouts,
        "reflections": budget.reflections,
        "tokens": budget.tokens,
        "dollars": budget.dollars,
        "seconds": budget.seconds,
    }
    yield "budget", ", ".join(f"{value:,g} {name}" for name, value in limits.items() if value is not None)
    if found.spent:
        yield "spent", f"{wording.count(found.spent, 'rollout')} of it already, by the run that would go on"


def _tried(trial: Trial) -> Iterator[tuple[str, str | Text]]:
    yield "rollouts", f"{trial.number}, mean score {wording.score(trial.score)}"
    each = (
        "tokens unknown"
        if trial.mean_tokens is None
        else f"{wording.short(round(trial.mean_tokens))} tokens",
        "price unknown" if trial.mean_dollars is None else f"${trial.mean_dollars:.5f}",
    )
    yield "each", " · ".join(each)
    for failure in trial.failures:
        yield "failed", Text(wording.cut(failure.message, 200), "red")


def _forecasts(found: Estimate, fewest: Forecast, most: Forecast) -> RenderableType:
    made = table("if proposals are", *_EXTREMES, numbers=_EXTREMES)
    for purpose in fewest.rollouts:
        if fewest.rollouts[purpose] or most.rollouts[purpose]:
            made.add_row(PURPOSES[purpose], *(f"{one.rollouts[purpose]:,}" for one in (fewest, most)))
    made.add_row("rollouts together", *(f"{one.total_rollouts:,}" for one in (fewest, most)), style="bold")
    made.add_section()
    made.add_row("proposals", *(f"{one.proposals:,}" for one in (fewest, most)))
    made.add_row("reflections", *(f"{one.reflections:,}" for one in (fewest, most)))
    made.add_row("reflections at most", *(f"{one.most_reflections:,}" for one in (fewest, most)))
    if found.trial is not None:
        made.add_row("tokens, about", *(_tokens(one.tokens) for one in (fewest, most)), style="bold")
        made.add_row("cost, about", *(_dollars(one.dollars) for one in (fewest, most)), style="bold")
    return made


def _tokens(amount: float | None) -> str:
    return "unknown" if amount is None else wording.short(round(amount))


def _dollars(amount: float | None) -> str:
    return "unknown" if amount is None else wording.price(amount)


def _notes(found: Estimate) -> Iterator[str]:
    yield "A search lies between the two. A merge costs a validation at most, and no reflection."
    if found.trial is None:
        yield (
            f"By the lengths of the texts, a rollout sends {found.prompt_tokens:,} tokens or more, and a"
            f" reflection {found.reflection_tokens:,}. Measure with --try N."
        )
    else:
        yield (
            f"A reflection is taken to send {found.reflection_tokens:,} tokens, by the length of its prompt,"
            f" and to answer with the text and {ANSWER_TOKENS} tokens more."
        )
    each, budget = found.each, found.budget
    uncounted = {
        "tokens": budget.tokens is not None and each.tokens(1, 1) is None,
        "dollars": budget.dollars is not None and each.dollars(1, 1) is None,
        "seconds": budget.seconds is not None,
    }
    for unit in (unit for unit, is_uncounted in uncounted.items() if is_uncounted):
        yield f"The limit in {unit} may end it before that."
