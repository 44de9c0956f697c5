"""The PyPI package gepa on the simulated problems, with batches on threads and proposals in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from gepa.api import optimize
from gepa.core.adapter import EvaluationBatch, GEPAAdapter
from gepa.core.result import GEPAResult
from gepa.strategies.proposal_sampling import IndependentSampling

from gepa_core.types import Feedback
from tests.faithfulness.problem import Problem
from tests.faithfulness.theirs import ProblemAdapter, Silent

PROMPT = "## Current text\n````\n<curr_param>\n````\n\n<side_info>"
"""What both sides ask the reflection model, in gepa's form."""


class ThreadedAdapter(ProblemAdapter):
    """Evaluates a batch at once."""

    def __init__(self, problem: Problem, pool: ThreadPoolExecutor) -> None:
        super().__init__(problem)
        self._pool = pool

    def evaluate(
        self, batch: list[dict[str, Any]], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[Feedback, Any]:
        """Run and score a batch on the threads."""
        outputs = list(self._pool.map(lambda row: self.problem.run(candidate, row), batch))
        scored = [self.problem.domain.metric(row, output) for row, output in zip(batch, outputs, strict=True)]
        return EvaluationBatch(
            outputs=outputs,
            scores=[one.score for one in scored],
            trajectories=scored if capture_traces else None,
        )


class ThreadedModel:
    """A reflection model that answers several prompts at once: gepa asks so for parallel proposals."""

    def __init__(self, answer: Callable[[str], str], pool: ThreadPoolExecutor) -> None:
        self._answer = answer
        self._pool = pool

    def __call__(self, prompt: Any) -> str:
        """One answer."""
        return self._answer(prompt if isinstance(prompt, str) else prompt[-1]["content"])

    def batch_complete(self, conversations: list[list[dict[str, Any]]]) -> list[str]:
        """An answer to the last message of each."""
        return list(self._pool.map(self, conversations))


@contextmanager
def threaded(problem: Problem, concurrency: int) -> Iterator[tuple[ThreadedAdapter, ThreadPoolExecutor]]:
    """An adapter with ``concurrency`` threads, and the threads."""
    with ThreadPoolExecutor(concurrency) as pool:
        yield ThreadedAdapter(problem, pool), pool


def their_result(
    problem: Problem,
    adapter: ProblemAdapter,
    budget: int,
    *,
    parallel: int = 1,
    model: ThreadedModel | None = None,
) -> GEPAResult[Any, Any]:
    """One run. With ``parallel`` above 1, so many proposals are made from one state of the pool.

    Args:
        model: writes new texts instead of the adapter, which gepa would ask for one after the other.
    """
    if model is not None:
        adapter.propose_new_texts = None
    typed: GEPAAdapter[dict[str, Any], Feedback, Any] = adapter
    return optimize(
        seed_candidate=problem.domain.seed_texts,
        trainset=problem.train,
        valset=problem.val,
        adapter=typed,
        max_metric_calls=budget,
        reflection_minibatch_size=3,
        use_merge=True,
        seed=problem.seed,
        logger=Silent(),
        reflection_lm=model,
        reflection_prompt_template=PROMPT if model is not None else None,
        sampling_strategy=IndependentSampling(parallel) if parallel > 1 else None,
    )
