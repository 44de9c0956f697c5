"""The problem under ``preset="paper"``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core import Component, Execution, Rollout, hookimpl, optimize
from gepa_core.mutation import MutationRequest
from gepa_core.protocols import LeftAlone
from tests.faithfulness.curve import Curve
from tests.faithfulness.problem import Problem, feedback_for


@attrs.frozen
class ProblemSystem:
    """The domain's app as a `System`."""

    problem: Problem

    @property
    def components(self) -> tuple[Component, ...]:
        """Those of the domain."""
        return self.problem.domain.components

    @property
    def left_alone(self) -> tuple[LeftAlone, ...]:
        """Nothing."""
        return ()

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """One run in process."""
        return Rollout(output=self.problem.run(texts, {"inputs": inputs}))

    def build(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts themselves."""
        return texts


@attrs.define(eq=False)
class SharedRewrite:
    """Mutation by the function that both sides use."""

    problem: Problem

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        """New texts from the feedback of the minibatch."""
        return {
            component.name: self.problem.rewrite(
                component.text,
                [feedback_for(component.name, each.outcome.feedback) for each in request.minibatch],
            )
            for component in request.components
        }


def our_curve(problem: Problem, *, budget: int, merge: bool, run_dir: Path) -> Curve:
    """Best validation score over rollouts."""
    result = optimize(
        ProblemSystem(problem),
        trainset=problem.train,
        valset=problem.val,
        metric=problem.domain.metric,
        reflection_lm=lambda prompt: prompt,
        budget=budget,
        plugins=[SharedRewrite(problem), *([] if merge else ["no:merge"])],
        preset="paper",
        seed=problem.seed,
        run_dir=run_dir,
        execution=Execution(concurrency=1),
    )
    curve, spent = Curve(), 0
    for proposal in result.proposals:
        spent += sum(proposal.rollouts.values())
        if proposal.status == "accepted":
            curve.add(spent, sum(proposal.scores.values()) / len(proposal.scores))
    return curve
