"""What a stored run has cost, read back from its store."""

from __future__ import annotations

from gepa_core.entries import REFLECTION, Entry, add, entries_of, usage_of
from gepa_core.result import Cost
from gepa_core.store import Store


def cost_of(store: Store) -> Cost:
    """The ledger of a run, resumed parts and what is under way included."""
    entries: dict[str, Entry] = {}
    saved = Entry()
    for proposal in store.proposals():
        add(entries, entries_of(proposal))
        saved += Entry(count=proposal.reused, usage=proposal.saved)
    pending = _pending(store)
    add(entries, pending)
    for entry in tests_of(store).values():
        add(entries, {"test": entry})
    failed: dict[str, Entry] = {}
    for purpose, usage in store.faults():
        add(failed, {purpose: Entry(count=1, usage=usage)})
    return Cost(
        entries=entries, saved=saved, failed=failed, pending=sum(entry.count for entry in pending.values())
    )


def tests_of(store: Store) -> dict[str, Entry]:
    """What each candidate has spent on the test set, by its id.

    Added up in an order that does not depend on which rollout ended first.
    """
    found: dict[str, Entry] = {}
    for outcome in sorted(store.outcomes("test"), key=lambda one: (one.candidate, one.example)):
        add(found, {outcome.candidate: Entry(count=1, usage=usage_of(outcome.trajectory))})
    return found


def _pending(store: Store) -> dict[str, Entry]:
    """What was finished for proposals that are not committed."""
    entries: dict[str, Entry] = {}
    for purpose, outcome in store.pending_outcomes():
        add(entries, {purpose: Entry(count=1, usage=usage_of(outcome.trajectory))})
    for answer in store.pending_answers():
        add(entries, {REFLECTION: Entry(count=1, usage=answer.usage)})
    return entries
