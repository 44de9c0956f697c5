"""An adapter's reflective dataset as steps of a trajectory, and back.

The trajectories of the package gepa are Python objects that only their own adapter can read, while
rollouts are stored as JSON. So the records that the adapter makes of them are what is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from gepa_core.types import Feedback, Json, Step, Trajectory

EVALUATED = "evaluate"
"""Name of the step that tells what the adapter's `evaluate` returned; the last of a trajectory."""

_INPUTS, _OUTPUTS, _FEEDBACK = "Inputs", "Generated Outputs", "Feedback"
"""The keys that the package gepa recommends for a record."""

Records = Mapping[str, Sequence[Json]]
"""A reflective dataset: records by the name of the component that they are about."""


@attrs.frozen(kw_only=True)
class Evaluated:
    """What an adapter said of one example, as JSON.

    Attributes:
        score: as the adapter gave it.
        objectives: further scores by name.
        metric_calls: how often the metric was called, where the adapter says so.
        records: the reflective dataset; empty where none was made.
        problem: what the program failed with, where the adapter scored that; else empty.
    """

    score: Json
    objectives: Json = None
    metric_calls: int | None = None
    records: Records = attrs.field(factory=dict)
    problem: str = ""


def as_steps(evaluated: Evaluated, *, verbatim: bool) -> list[Step]:
    """One step for each record, and one for the score.

    Args:
        verbatim: whether the last step holds the records once more as the adapter made them, for a
            proposer of the adapter's own.
    """
    steps = [_step(name, record) for name, records in evaluated.records.items() for record in records]
    output: dict[str, Json] = {
        "score": evaluated.score,
        "objective_scores": evaluated.objectives,
        "num_metric_calls": evaluated.metric_calls,
        "problem": evaluated.problem,
        "feedback": {name: _feedback(records) for name, records in evaluated.records.items()},
    }
    if verbatim:
        output["records"] = evaluated.records
    return [*steps, Step(kind="custom", name=EVALUATED, output=output)]


def _step(name: str, record: Json) -> Step:
    if not isinstance(record, Mapping):
        return Step(kind="custom", name=name, inputs=record, components=(name,))
    rest = {key: value for key, value in record.items() if key not in (_OUTPUTS, _FEEDBACK)}
    inputs = rest[_INPUTS] if rest.keys() == {_INPUTS} else rest or None
    return Step(kind="custom", name=name, inputs=inputs, output=record.get(_OUTPUTS), components=(name,))


def _feedback(records: Iterable[Json]) -> str:
    said = [record[_FEEDBACK] for record in records if isinstance(record, Mapping) and record.get(_FEEDBACK)]
    texts = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in said]
    return "\n\n".join(dict.fromkeys(texts))


def feedback_of(trajectory: Trajectory) -> Feedback:
    """The feedback that the adapter gave together with the rollout.

    Raises:
        ValueError: the adapter's score is no finite number.
    """
    told = _told(trajectory)
    return Feedback(
        told["score"],
        text=told["problem"] and f"The program failed with {told['problem']}",
        objectives=told["objective_scores"] or {},
        by_component={name: text for name, text in told["feedback"].items() if text},
    )


def dataset_of(trajectories: Iterable[Trajectory], names: Sequence[str]) -> dict[str, list[Json]]:
    """The reflective dataset of a minibatch for the components ``names``: records in the minibatch's order.

    A rollout that failed has no records, and a component without any is left out, as adapters do.
    """
    told = [_told(trajectory) for trajectory in trajectories if _is_told(trajectory)]
    dataset: dict[str, list[Json]] = {}
    for name in names:
        found = [record for each in told for record in each["records"].get(name, ())]
        if found:
            dataset[name] = found
    return dataset


def _is_told(trajectory: Trajectory) -> bool:
    return bool(trajectory.steps) and trajectory.steps[-1].name == EVALUATED


def _told(trajectory: Trajectory) -> Mapping[str, Any]:
    """The last step's output, as `as_steps` writes it."""
    output = trajectory.steps[-1].output
    if not isinstance(output, Mapping):
        raise AssertionError("the last step of a trajectory of this system is its score")
    return output
