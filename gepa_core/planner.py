"""Deciding what a proposal will be, before anything is spent on it."""

from __future__ import annotations

import attrs

from gepa_core.attempt import Plan
from gepa_core.budget import Ledger
from gepa_core.pool import Pool
from gepa_core.stages import Stages
from gepa_core.types import Merge, Spend

PROBES = 2
"""Training examples on which components are marked that no step of the seed's validation names."""


@attrs.frozen(kw_only=True)
class NoPlan:
    """Why no proposal was planned, and whether what is in flight may leave enough budget for it."""

    reason: str
    may_fit_later: bool = False


@attrs.define(kw_only=True, eq=False)
class Planner:
    """Asks the deciding hooks, and reserves nothing that the budget does not hold.

    Attributes:
        calls: calls of the reflection model that a mutation may make for each component.
        tests: how often a new candidate may be tested on the minibatch.
    """

    stages: Stages
    ledger: Ledger
    calls: int
    tests: int = 1

    async def plan(self, pool: Pool, number: int) -> Plan | NoPlan:
        """The plan of proposal ``number``, decided by ``pool`` alone."""
        if number == 0:
            probes = pool.train[:PROBES]
            most = Spend(rollouts={"seed": len(pool.val), "probe": len(probes)})
            return Plan(number=0, kind="seed", pool=pool, examples=probes, reserved=most)
        reason = self.stages.stop_reason(pool)
        if reason:
            return NoPlan(reason=reason)
        merge = await self.stages.merge(pool, number)
        plan = self._mutation(pool, number) if merge is None else self._merge(pool, number, merge)
        refusal = self.ledger.refusal(plan.reserved)
        return NoPlan(reason=refusal, may_fit_later=self.ledger.in_flight) if refusal else plan

    def _mutation(self, pool: Pool, number: int) -> Plan:
        parent = self.stages.parent(pool, number)
        examples = self.stages.examples(pool, parent, number)
        most = Spend(
            rollouts={
                "parent": len(examples),
                "child": self.tests * len(examples),
                "validation": len(pool.val),
            },
            reflections=self.calls * len(pool.components),
        )
        return Plan(
            number=number,
            kind="mutation",
            pool=pool,
            parents=(parent,),
            examples=examples,
            reserved=most if examples else Spend(),
        )

    def _merge(self, pool: Pool, number: int, merge: Merge) -> Plan:
        parents = tuple(pool.members[index] for index in merge.parents)
        by_id = {example.id: example for example in pool.val}
        return Plan(
            number=number,
            kind="merge",
            pool=pool,
            parents=parents,
            examples=tuple(by_id[id_] for id_ in merge.examples),
            merge=merge,
            reserved=Spend(
                # It is tested on some of the examples that it is validated on.
                rollouts={"merge": len(merge.examples), "validation": len(pool.val) - len(merge.examples)}
            ),
        )
