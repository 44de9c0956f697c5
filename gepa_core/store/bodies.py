"""What an outcome is stored as: a JSON text of all but its key, which is in columns of its own.

Written by hand where every rollout passes: by way of cattrs it takes three times as long.
"""

from __future__ import annotations

import json
from typing import Any

from gepa_core.codec import from_plain, to_plain
from gepa_core.jsonable import to_jsonable
from gepa_core.store.layout import OutcomeKey
from gepa_core.types import Failure, Feedback, Outcome, Trajectory

_NOTHING = Trajectory()

# What an adapter put into a trajectory and JSON does not know is written as `to_jsonable` shows it.
_write = json.JSONEncoder(separators=(",", ":"), default=to_jsonable).encode


def body_of(outcome: Outcome) -> str:
    """``outcome`` as a JSON text, in ASCII so that lone surrogates survive."""
    feedback = outcome.feedback
    plain: dict[str, Any] = {"score": feedback.score, "seconds": outcome.seconds}
    if feedback.text:
        plain["text"] = feedback.text
    if feedback.objectives:
        plain["objectives"] = dict(feedback.objectives)
    if feedback.by_component:
        plain["by_component"] = dict(feedback.by_component)
    if outcome.output is not None:
        plain["output"] = outcome.output
    if outcome.failure is not None:
        plain["failure"] = to_plain(outcome.failure)
    if outcome.trajectory != _NOTHING:
        plain["trajectory"] = to_plain(outcome.trajectory)
    if outcome.attempts != 1:
        plain["attempts"] = outcome.attempts
    return _write(plain)


def outcome_in(body: str, key: OutcomeKey) -> Outcome:
    """The outcome that `body_of` made ``body`` of."""
    plain = json.loads(body)
    candidate, split, example, draw = key
    get = plain.get
    trajectory, failure = get("trajectory"), get("failure")
    return Outcome(
        candidate=candidate,
        example=example,
        split=split,
        draw=draw,
        output=get("output"),
        trajectory=_NOTHING if trajectory is None else from_plain(trajectory, Trajectory),
        failure=None if failure is None else from_plain(failure, Failure),
        feedback=Feedback(
            plain["score"],
            get("text", ""),
            objectives=get("objectives", {}),
            by_component=get("by_component", {}),
        ),
        seconds=plain["seconds"],
        attempts=get("attempts", 1),
    )
