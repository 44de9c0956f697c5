"""What became of a run's proposals, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from gepa_core.types import Proposal

_WORD = re.compile(r"([a-z][a-z-]*):")


def tally(proposals: Iterable[Proposal]) -> dict[str, int]:
    """How many proposals after the seed were accepted, and of the others how many for each reason.

    A reason is counted by the fixed word that it begins with, such as ``worse``, ``duplicate``,
    ``placeholder`` or ``refusal``; one of a plugin that begins with none counts as ``other``. Acceptances
    come first, then the most frequent.
    """
    counted: Counter[str] = Counter(map(_word, (one for one in proposals if one.kind != "seed")))
    accepted = counted.pop("accepted", 0)
    return {"accepted": accepted, **dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))}


def _word(proposal: Proposal) -> str:
    if proposal.status == "accepted":
        return "accepted"
    found = _WORD.match(proposal.reason)
    return found[1] if found else "other"
