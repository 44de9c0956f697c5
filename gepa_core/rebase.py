"""Moving a change onto what was accepted while the change was being made.

With a lookahead above 1 a mutation begins with a parent that others improve meanwhile. Validated as it
is, it would have to compete with candidates that it knows nothing of. So the change is made to the best of
them instead, as version control rebases a commit, wherever nobody else has changed the same component.
"""

from __future__ import annotations

from collections.abc import Sequence

from gepa_core.state import Member
from gepa_core.types import Candidate


def overtaking(parent: Member, newer: Sequence[Member]) -> list[Member]:
    """Those of ``newer`` that are better than ``parent``, by their mean score on validation.

    One that was validated on fewer examples is not: their means say less.
    """
    return [one for one in newer if one.mean > parent.mean and len(one.scores) >= len(parent.scores)]


def rebased(child: Candidate, parent: Member, others: Sequence[Member]) -> tuple[Candidate, Member] | None:
    """The changes from ``parent`` to ``child``, made to the best of ``others`` that allows for them.

    One allows for them that has the parent's text in every component that the child changed; of equals the
    earliest is taken.

    Returns:
        The new candidate and the member that it comes from; None when none allows for it.
    """
    before = parent.candidate.texts
    changed = {name: text for name, text in child.texts.items() if text != before[name]}
    bases = [one for one in others if all(one.candidate.texts[name] == before[name] for name in changed)]
    if not bases:
        return None
    base = max(bases, key=lambda one: (one.mean, -one.index))
    return base.candidate.with_texts(changed), base
