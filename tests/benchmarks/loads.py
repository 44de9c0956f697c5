"""An app, a metric and proposals that cost nothing, so that what is left is the engine."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from gepa.core.adapter import EvaluationBatch, ProposalFn

from gepa_core import Component, Rollout, Step, Trajectory, hookimpl
from gepa_core.events import Event, ProposalCommitted
from gepa_core.mutation import MutationRequest
from gepa_core.pool import Pool
from gepa_core.protocols import LeftAlone

WORDS = (
    "order",
    "parcel",
    "refund",
    "customer",
    "invoice",
    "delivery",
    "polite",
    "queue",
    "priority",
    "reason",
)


def score_of(text: str, row: Mapping[str, Any]) -> float:
    """Grows with the number of the proposal, so that each is accepted, and differs by example."""
    return float(text) + random.Random(f"{row['n']} {text}").random()


def trajectory(row: Mapping[str, Any], text: str, chars: int) -> Trajectory:
    """Two model calls with about ``chars`` characters, as apps make them.

    A third is the candidate's prompt, which all its rollouts are sent, a third is the row's, which all
    candidates are sent, and a third is what the model says to both. Each call is sent what came before it.
    """
    if not chars:
        return Trajectory()
    messages = [
        {"role": "system", "content": _words(text, chars // 6)},
        {"role": "user", "content": _words(row["n"], chars // 6)},
    ]
    steps = []
    for turn in range(2):
        said = _words(f"{row['n']} {text} {turn}", chars // 6)
        steps.append(
            Step(
                kind="model",
                name="model",
                inputs=[*messages],
                output=said,
                seconds=0.2,
                components=("number",),
            )
        )
        messages.append({"role": "assistant", "content": said})
    return Trajectory(steps=tuple(steps))


def _words(seed: str, chars: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=chars // 7))


@attrs.frozen
class FreeSystem:
    """Answers with its text at once. Its trajectories have about ``chars`` characters."""

    chars: int = 0
    components: tuple[Component, ...] = (Component(name="number", text="0"),)
    left_alone: tuple[LeftAlone, ...] = ()

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """One rollout."""
        return Rollout(output=texts["number"], trajectory=trajectory(inputs, texts["number"], self.chars))

    def build(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts."""
        return texts


async def metric(row: Any, output: str) -> float:
    """Async, so that no thread is needed to call it."""
    return score_of(output, row)


@attrs.define(eq=False)
class CountUp:
    """Proposes the next number, ends the run at ``candidates``, and notes CPU time at each commit."""

    candidates: int
    times: list[float] = attrs.field(factory=list)

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        """A text that nobody has proposed."""
        return {"number": str(request.number)}

    @hookimpl
    def gepa_stop_reason(self, pool: Pool) -> str | None:
        """Enough."""
        return "enough" if len(pool.members) >= self.candidates else None

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Note when a proposal was committed."""
        if isinstance(event, ProposalCommitted):
            self.times.append(time.process_time())


class FreeAdapter:
    """The same for the PyPI package gepa."""

    def __init__(self, chars: int = 0) -> None:
        self.chars = chars
        self.proposed = 0
        self.times: list[float] = []
        self.propose_new_texts: ProposalFn | None = self.propose

    def evaluate(
        self, batch: list[dict[str, Any]], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[Trajectory, str]:
        """Run and score a batch."""
        traces = [trajectory(row, candidate["number"], self.chars) for row in batch]
        return EvaluationBatch(
            outputs=[candidate["number"] for _ in batch],
            scores=[score_of(candidate["number"], row) for row in batch],
            trajectories=traces if capture_traces else None,
        )

    def make_reflective_dataset(
        self,
        candidate: dict[str, str],  # noqa: ARG002
        eval_batch: EvaluationBatch[Trajectory, str],
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Nothing that needs work."""
        return {name: [{"Score": score} for score in eval_batch.scores] for name in components_to_update}

    def propose(
        self,
        candidate: dict[str, str],  # noqa: ARG002
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],  # noqa: ARG002
        components_to_update: list[str],
    ) -> dict[str, str]:
        """A text that nobody has proposed; called once for each proposal."""
        self.proposed += 1
        self.times.append(time.process_time())
        return {name: str(self.proposed) for name in components_to_update}
