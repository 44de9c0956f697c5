"""The seed and the best candidate on the same examples, and the test set that shows them once, at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gepa_core.budget import ForTest, Ledger
from gepa_core.entries import Entry, total
from gepa_core.errors import ConfigurationError
from gepa_core.evaluate import Evaluator
from gepa_core.result import Comparison
from gepa_core.state import State
from gepa_core.statistics import paired_interval
from gepa_core.store import Store
from gepa_core.summary import tests_of
from gepa_core.types import Candidate, Example


def compared(seed: Mapping[str, float], best: Mapping[str, float]) -> Comparison:
    """Both on the examples that both ran."""
    seed = {example: score for example, score in seed.items() if example in best}
    best = {example: best[example] for example in seed}
    if not seed:
        raise ConfigurationError("the seed and the best candidate share no validation example")
    return Comparison(seed=seed, best=best, difference=paired_interval(seed, best))


async def compared_on_test(evaluator: Evaluator, state: State, examples: Sequence[Example]) -> Comparison:
    """Run both on the test set.

    Raises:
        Halted: the run was ended before it was through.
        InfrastructureFault: a model could not be reached any more.
    """
    scores: dict[int, dict[str, float]] = {}
    for index in dict.fromkeys((0, state.best)):
        candidate = state.members[index].candidate
        outcomes = await evaluator.evaluate(candidate, examples, purpose="test", number=-1)
        scores[index] = {outcome.example: outcome.score for outcome in outcomes}
    return compared(scores[0], scores[state.best])


def refusal(store: Store, state: State, ledger: Ledger, examples: Sequence[Example]) -> str:
    """Why the test set is not run, as the end of a reason; empty when it may be."""
    ids = dict.fromkeys(state.members[index].candidate.id for index in (0, state.best))
    missing = sum(len(examples) - len(store.outcomes_on(id_, examples, 0)) for id_ in ids)
    reason = ledger.test_refusal(missing)
    return f"; the test set was not run: {reason}" if reason else ""


def spent_on_test(store: Store, size: int, seed: Candidate) -> ForTest:
    """What earlier ends of this run spent on the test set."""
    spent = tests_of(store)
    return ForTest(size=size, seed=spent.pop(seed.id, Entry()), others=total(spent.values()))
