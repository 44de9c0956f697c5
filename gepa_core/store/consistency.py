"""Whether stored proposals can be what a run committed, so that folding them cannot fail half way."""

from __future__ import annotations

from collections.abc import Sequence

from gepa_core.types import Proposal

_PARENTS = {"seed": 0, "mutation": 1, "merge": 2}


def problem_of(proposals: Sequence[Proposal]) -> str:
    """What is wrong with them, in one sentence; empty when nothing is."""
    pool = 0
    for number, proposal in enumerate(proposals):
        wrong = _wrong(proposal, number, pool)
        if wrong:
            return f"proposal {number} {wrong}"
        pool += proposal.status == "accepted"
    return ""


def _wrong(proposal: Proposal, number: int, pool: int) -> str:
    wrongs = {
        f"is missing, and number {proposal.number} is in its place": proposal.number != number,
        f"is a {proposal.kind}": (proposal.kind == "seed") != (number == 0),
        f"has seen proposal {proposal.seen}": not -1 <= proposal.seen < max(number, 1),
        f"has {len(proposal.parents)} parents": len(proposal.parents) != _PARENTS[proposal.kind],
        "has a parent that is not in the pool": any(
            not 0 <= one < pool for one in (*proposal.parents, *proposal.origins)
        ),
        "was accepted without texts or scores": proposal.status == "accepted"
        and not (proposal.texts and proposal.scores),
        "did not accept the seed": number == 0 and proposal.status != "accepted",
    }
    return next((wrong for wrong, is_so in wrongs.items() if is_so), "")
