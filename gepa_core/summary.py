"""What a stored run has cost and found, read back from its store."""

from __future__ import annotations

from collections import Counter

from gepa_core.result import Cost
from gepa_core.store import Store
from gepa_core.types import Usage


def cost_of(store: Store) -> Cost:
    """What the committed proposals and the test set cost, resumed parts included."""
    proposals = store.proposals()
    rollouts: Counter[str] = Counter()
    for proposal in proposals:
        rollouts.update(proposal.rollouts)
    tests = [outcome.trajectory.usage for outcome in store.outcomes(purpose="test")]
    if tests:
        rollouts["test"] = len(tests)
    return Cost(
        rollouts=dict(rollouts),
        reused=sum(proposal.reused for proposal in proposals),
        reflections=sum(proposal.reflections for proposal in proposals),
        task_usage=sum((proposal.usage for proposal in proposals), sum(tests, Usage())),
        reflection_usage=sum((proposal.reflection_usage for proposal in proposals), Usage()),
    )
