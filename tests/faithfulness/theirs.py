"""The problem under the PyPI package gepa."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gepa.api import optimize
from gepa.core.adapter import EvaluationBatch, GEPAAdapter, ProposalFn
from gepa.core.result import GEPAResult

from gepa_core.types import Feedback
from tests.faithfulness.curve import Curve
from tests.faithfulness.problem import Problem, feedback_for


class ProblemAdapter:
    """The problem through gepa's adapter protocol."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.propose_new_texts: ProposalFn | None = self.rewrite

    def evaluate(
        self, batch: list[dict[str, Any]], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[Feedback, Any]:
        """Run and score a batch."""
        outputs = [self.problem.run(candidate, row) for row in batch]
        feedback = [
            self.problem.domain.metric(row, output) for row, output in zip(batch, outputs, strict=True)
        ]
        return EvaluationBatch(
            outputs=outputs,
            scores=[one.score for one in feedback],
            trajectories=feedback if capture_traces else None,
        )

    def make_reflective_dataset(
        self,
        candidate: dict[str, str],  # noqa: ARG002
        eval_batch: EvaluationBatch[Feedback, Any],
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The feedback, by component."""
        trajectories = eval_batch.trajectories or []
        return {
            name: [{"Feedback": feedback_for(name, feedback)} for feedback in trajectories]
            for name in components_to_update
        }

    def rewrite(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """Mutation by the function that both sides use."""
        return {
            name: self.problem.rewrite(candidate[name], [row["Feedback"] for row in reflective_dataset[name]])
            for name in components_to_update
        }


class Silent:
    """A logger that says nothing."""

    def log(self, message: str) -> None:
        """Forget it."""


def their_curve(problem: Problem, *, budget: int, merge: bool) -> Curve:
    """Best validation score over rollouts. A candidate counts once its validation has been paid."""
    adapter: GEPAAdapter[dict[str, Any], Feedback, Any] = ProblemAdapter(problem)
    result: GEPAResult[Any, Any] = optimize(
        seed_candidate=problem.domain.seed_texts,
        trainset=problem.train,
        valset=problem.val,
        adapter=adapter,
        max_metric_calls=budget,
        reflection_minibatch_size=3,
        use_merge=merge,
        seed=problem.seed,
        logger=Silent(),
    )
    curve = Curve()
    counts = [len(problem.val), *(before + len(problem.val) for before in result.discovery_eval_counts[1:])]
    for spent, score in zip(counts, result.val_aggregate_scores, strict=True):
        curve.add(spent, score)
    return curve
