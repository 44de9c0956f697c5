"""A selection strategy for gepa-core: softmax over mean validation scores."""

from math import exp
from random import Random

import attrs

from gepa_core import Member, Pool, hookimpl


@attrs.define(eq=False, kw_only=True)
class Softmax:
    """Mutate good candidates more often, and none never. A high temperature evens the chances out."""

    temperature: float = attrs.field(default=0.1, validator=attrs.validators.gt(0))

    @hookimpl
    def gepa_select_parent(self, pool: Pool, rng: Random) -> Member:
        best = max(member.mean for member in pool.members)
        weights = [exp((member.mean - best) / self.temperature) for member in pool.members]
        return rng.choices(pool.members, weights)[0]
