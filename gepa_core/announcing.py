"""What a run says of itself when it begins: its sizes, and what the user should know of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import attrs

from gepa_core.codec import to_plain
from gepa_core.data import shared_content
from gepa_core.events import RunStarted, Warned
from gepa_core.run import Run
from gepa_core.stages import Stages
from gepa_core.types import Proposal, Split

_NAMES: Mapping[Split, str] = {"train": "training", "val": "validation"}


def announce(run: Run, stages: Stages, *, stored: Sequence[Proposal], notes: Sequence[str]) -> None:
    """Tell the observers that it begins, or goes on from what is ``stored``, and of all that is unusual.

    Args:
        notes: what was found out while it was opened.
    """
    sizes = {split: len(examples) for split, examples in run.splits.items()}
    stages.notify(
        RunStarted(
            run_dir=str(run.run_dir),
            components=tuple(component.name for component in run.components),
            train=sizes["train"],
            val=sizes["val"],
            test=sizes["test"],
            rollout_budget=run.budget.rollouts,
            resumed=len(stored),
            spent=sum(sum(proposal.rollouts.values()) for proposal in stored),
            shared_validation=run.shares_train,
        )
    )
    for message in (*notes, *_of_data(run)):
        stages.notify(Warned(message=message))


def _of_data(run: Run) -> Iterator[str]:
    """Scores are to say what to expect of examples that nothing was learned from or chosen by."""
    overlap = 0 if run.shares_train else shared_content(run.splits["train"], run.splits["val"])
    if overlap:
        yield f"{overlap} training examples are in the validation set too, so its scores flatter"
    for split, name in _NAMES.items():
        both = shared_content(run.splits["test"], run.splits[split])
        if both and not (split == "val" and run.shares_train):
            yield f"{both} test examples are in the {name} set too, so the test's scores flatter"
    if run.shares_train:
        yield "there is no validation set, so the training set serves, and its scores flatter"


def facts_for_readers(run: Run) -> dict[str, str]:
    """What people and tools want to know of a stored run without running it."""
    return {
        "components": json.dumps([to_plain(component) for component in run.components]),
        "sizes": json.dumps({split: len(examples) for split, examples in run.splits.items()}),
        "budget": json.dumps(attrs.asdict(run.budget)),
        "preset": run.preset.name,
        "reason": "",
    }
