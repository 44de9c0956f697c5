"""Which candidate to mutate, and which of its components."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import attrs

from gepa_core.markers import hookimpl
from gepa_core.pool import Pool
from gepa_core.state import Member


@attrs.define(eq=False, kw_only=True)
class ParetoByFrequency:
    """Sample a parent from the Pareto frontier (the paper's Algorithm 2).

    Dominated candidates are removed; each survivor is drawn with a probability in proportion to the
    number of validation examples on which it holds the best score.
    """

    @hookimpl
    def gepa_select_parent(self, pool: Pool, rng: Random) -> Member:
        """Draw one survivor."""
        survivors = pool.survivors()
        (index,) = rng.choices(list(survivors), weights=list(survivors.values()))
        return pool.members[index]


@attrs.define(eq=False, kw_only=True)
class RoundRobin:
    """One component per proposal, in turn along the parent's lineage (the paper's Algorithm 1).

    Components that no model was seen to be sent are left out. A child goes on where its parent stood.
    Proposals that are in flight at once cannot see each other's choices, so each adds the number of those
    before it; with a lookahead of 1 that is nothing.
    """

    @hookimpl
    def gepa_select_components(self, pool: Pool, parent: Member, number: int) -> Sequence[str]:
        """The next component of the lineage."""
        in_flight_before = number - 1 - pool.committed
        turn = pool.turn(parent) + in_flight_before
        return [pool.live[turn % len(pool.live)]]
