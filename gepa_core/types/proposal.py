"""Attempts at new candidates, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from gepa_core.types.usage import Usage

Purpose: TypeAlias = Literal["seed", "probe", "parent", "child", "validation", "merge", "test"]


@attrs.frozen(kw_only=True)
class Merge:
    """A candidate to be made from two others, and how to test it (the paper's Algorithm 4).

    Attributes:
        parents: pool indices of the two that are merged.
        ancestor: pool index of their common ancestor.
        texts: the merged candidate's texts, for every component.
        examples: ids of the validation examples to test it on before it is validated in full.
    """

    parents: tuple[int, int]
    ancestor: int
    texts: Mapping[str, str]
    examples: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Spend:
    """What may be spent: rollouts by purpose, and calls of the reflection model."""

    rollouts: Mapping[str, int] = attrs.field(factory=dict)
    reflections: int = 0

    @property
    def total_rollouts(self) -> int:
        """Rollouts for all purposes together."""
        return sum(self.rollouts.values())


@attrs.frozen(kw_only=True)
class Proposal:
    """A numbered attempt at a new candidate and what became of it: the unit that is committed.

    Number 0 is the seed. The pool, the frontier and the ledger are a fold over these.

    Attributes:
        number: its place in the order of commits.
        kind: how the candidate came about.
        seen: number of the last commit that its decisions could see.
        parents: pool indices of the parents.
        components: names of the components that were to change; for the seed, of those that are live.
        examples: ids of the examples it was tested on (train for a mutation, validation for a merge).
        before: scores on them of the parent (of the better parent, for a merge).
        after: scores on them of the new candidate; empty when it never ran.
        texts: the new candidate's texts; None when none came about.
        status: ``accepted`` into the pool, ``rejected`` by the test on the minibatch, ``skipped``
            before a text was asked for, or ``dropped`` because no usable new text came about.
        reason: why, for people; begins with a short fixed word that can be counted by.
        scores: validation scores by example id, when accepted.
        objectives: validation scores per objective by example id, when accepted.
        reserved: the most it could have cost.
        rollouts: rollouts charged to it, by purpose.
        usage: what those used, by purpose.
        reused: rollouts that it needed and that were already known.
        saved: what those had used when they were bought.
        reflections: calls of the reflection model it made.
        reflection_usage: what its reflections used.
        lost: what attempts used that met infrastructure faults, as far as it is known. Two proposals that
            differ in nothing else are equal: it says something of the network.
        ancestor: pool index of the common ancestor, for a merge.
        onto: pool index of the member that the changes of a mutation were moved to, if they were; ``after``
            and ``texts`` are what they made of that.
    """

    number: int
    kind: Literal["seed", "mutation", "merge"]
    seen: int = -1
    parents: tuple[int, ...] = ()
    components: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    texts: Mapping[str, str] | None = None
    status: Literal["accepted", "rejected", "skipped", "dropped"]
    reason: str = ""
    scores: Mapping[str, float] = attrs.field(factory=dict)
    objectives: Mapping[str, Mapping[str, float]] = attrs.field(factory=dict)
    reserved: Spend = Spend()
    rollouts: Mapping[str, int] = attrs.field(factory=dict)
    usage: Mapping[str, Usage] = attrs.field(factory=dict)
    reused: int = 0
    saved: Usage = Usage()
    reflections: int = 0
    reflection_usage: Usage = Usage()
    lost: Usage = attrs.field(default=Usage(), eq=False)
    ancestor: int | None = None
    onto: int | None = None

    @property
    def origins(self) -> tuple[int, ...]:
        """Pool indices of the members that its texts descend from: its parents, unless it was rebased."""
        return self.parents if self.onto is None else (self.onto,)
