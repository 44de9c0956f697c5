"""The loop. A run is a fold over numbered proposals that are planned ahead and committed in order.

Proposal *n* is planned when every proposal up to *n - lookahead* has been committed (later, when the
budget has to wait for what is in flight), by what those commits left behind and nothing else. A mutation
that is to be rebased waits for the others too, and decides by what they left behind. So a run
is a function of seed, settings, data and the models' answers, whatever the timing, and a run that is
read back from its store plans what the unbroken one planned.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import attrs

from gepa_core.attempt import Attempter, Draft, Plan
from gepa_core.commits import Commits
from gepa_core.errors import InfrastructureFault
from gepa_core.events import ProposalCommitted, ProposalStarted, Warned
from gepa_core.gate import Gate, Halted
from gepa_core.planner import Planner
from gepa_core.pool import Pool
from gepa_core.stages import Stages
from gepa_core.state import State
from gepa_core.store import OutcomeKey, Store
from gepa_core.types import Proposal, Spend, Usage

_WAITED = "waited"


@attrs.define(kw_only=True, eq=False)
class Engine:
    """One run.

    Attributes:
        stored: proposals that an earlier process committed.
        lookahead: proposals that may be on their way at once; 1 is the paper's sequential loop.
    """

    state: State
    stages: Stages
    store: Store
    gate: Gate
    planner: Planner
    attempter: Attempter
    commits: Commits
    stored: list[Proposal]
    lookahead: int = 1
    _under_way: dict[int, tuple[Plan, asyncio.Task[Draft]]] = attrs.field(factory=dict, init=False)
    _planned: int = attrs.field(default=0, init=False)
    """Number of the next proposal to plan."""
    _merges: dict[int, int] = attrs.field(factory=dict, init=False)
    """Numbers of the merges under way, to the commit that they were planned at."""
    _waited: dict[int, int] = attrs.field(factory=dict, init=False)
    """Proposals that had to wait for the budget, to the commit that they were planned at."""
    _reason: str = attrs.field(default="", init=False)
    fault: str = attrs.field(default="", init=False)
    """What kept the run from going on; empty when it ended by itself or at a limit."""

    @property
    def finished(self) -> bool:
        """Whether the run ended by itself, and not because something made it stop."""
        return bool(self._reason)

    async def run(self) -> str:
        """Propose, test and commit until there is a reason to stop.

        Returns:
            The reason, a sentence for people.

        Raises:
            GepaError: the run cannot go on; whatever was finished is in the store.
        """
        waited = json.loads(self.store.meta().get(_WAITED, "{}"))
        self._waited = {int(number): seen for number, seen in waited.items()}
        try:
            await self._plan_ahead()
            while self.state.committed + 1 < self._planned:
                self._commit(await self._finish(self.state.committed + 1))
                await self._plan_ahead()
        except Halted as halted:
            return str(halted)
        except InfrastructureFault as fault:
            if self.state.committed < 0:
                raise
            self.fault = str(fault)
            return self.fault
        finally:
            await self._let_finish()
        return self._reason

    async def _plan_ahead(self) -> None:
        """Plan every proposal that may look no further than the last commit."""
        while not self._reason and self._planned <= self.state.committed + self.lookahead:
            if self._planned > 0 > self.state.committed:
                return  # the seed comes first, alone
            if self._planned < len(self.stored):
                stored = self.stored[self._planned]
                if stored.seen > self.state.committed:
                    return  # it had to wait for the budget then, so it waits now
                self._note_plan(stored.number, stored.kind, stored.reserved, stored.seen)
            elif self._waited.get(self._planned, -1) > self.state.committed:
                return  # so did it in a process that was killed before it could commit it
            elif not await self._start(self._planned):
                return
            self._planned += 1

    async def _start(self, number: int) -> bool:
        """Plan proposal ``number`` and set it going; False when there is a reason not to."""
        committed = self.state.committed
        pool = Pool(
            self.state,
            merges_under_way=len(self._merges),
            merge_planned=committed in self._merges.values(),
        )
        plan = await self.planner.plan(pool, number)
        if isinstance(plan, Plan):
            self._note_plan(number, plan.kind, plan.reserved, committed)
            self._note_wait(number)
            self.stages.notify(
                ProposalStarted(
                    number=number, kind=plan.kind, parents=tuple(parent.index for parent in plan.parents)
                )
            )
            self._under_way[number] = plan, asyncio.create_task(self.attempter.carry_out(plan))
            return True
        if not plan.may_fit_later:
            self._reason = plan.reason
        return False

    def _note_plan(self, number: int, kind: str, reserved: Spend, seen: int) -> None:
        self.planner.ledger.reserve(number, reserved)
        if kind == "merge":
            self._merges[number] = seen

    def _note_wait(self, number: int) -> None:
        """Keep at what commit a proposal was planned that had to wait for the budget.

        A larger budget would not make it wait: it would be planned by an older pool and be another one,
        and what it has paid for already would be bought for nothing.
        """
        if self.state.committed > max(0, number - self.lookahead):
            self._waited = {one: seen for one, seen in self._waited.items() if one > self.state.committed}
            self._waited[number] = self.state.committed
            self.store.set_meta({_WAITED: json.dumps(self._waited)})

    async def _finish(self, number: int) -> Proposal:
        """What became of proposal ``number``: read back, or carried out now and written."""
        if number < len(self.stored):
            return self.stored[number]
        plan, task = self._under_way[number]
        draft = await asyncio.shield(task)  # what is paid for is kept even when the run is cancelled
        del self._under_way[number]
        if draft.status == "accepted" and self._is_in_pool(draft):
            draft.status, draft.reason = "dropped", "duplicate: equal texts came into the pool meanwhile"
        charged = self.store.uncharged(draft.needed)
        lost = sum((usage for _, usage in self.store.faults(number)), Usage())
        proposal = _proposal(plan, draft, charged, lost)
        self.store.commit(proposal, charged)
        return proposal

    def _is_in_pool(self, draft: Draft) -> bool:
        return draft.candidate is not None and self.state.index_of(draft.candidate) is not None

    def _commit(self, proposal: Proposal) -> None:
        """Fold a written proposal into the state and tell everybody."""
        self.state.apply(proposal)
        self.commits.made()
        self.planner.ledger.settle(proposal.number)
        self._merges.pop(proposal.number, None)
        if proposal.kind == "seed":
            self._warn_of_dead_components(proposal)
            self._warn_of_failure_score(proposal)
        best = self.state.members[self.state.best]
        self.stages.notify(
            ProposalCommitted(
                proposal=proposal,
                pool_size=len(self.state.members),
                best_score=best.mean,
                best_index=best.index,
                frontier_score=self.state.frontier.mean,
                spent=self.state.spent[-1],
            )
        )

    def _warn_of_dead_components(self, seed: Proposal) -> None:
        for component in self.state.components:
            if component.name not in seed.components:
                self.stages.notify(
                    Warned(
                        message=f"{component.name!r} never reached a model, so it is left as it is;"
                        " name it in components=… to optimise it all the same"
                    )
                )

    def _warn_of_failure_score(self, seed: Proposal) -> None:
        """A failure that scores more than an answer makes failing candidates win."""
        failing, lowest = self.attempter.evaluator.failure_score, min(seed.scores.values())
        if lowest < failing:
            self.stages.notify(
                Warned(
                    message=f"the metric gave {lowest:g}, which is less than the {failing:g} of an example on"
                    " which the app fails: give a Preset with a lower failure_score"
                )
            )

    async def _let_finish(self) -> None:
        """Let nothing more begin, and wait for what is running: it is paid for, so it is kept."""
        self.gate.halt("the run is over")
        tasks = [task for _, task in self._under_way.values()]
        await asyncio.gather(*tasks, return_exceptions=True)


def _proposal(plan: Plan, draft: Draft, charged: list[OutcomeKey], lost: Usage) -> Proposal:
    """The record of a proposal, charged with the outcomes that no earlier one paid for."""
    known = draft.needed.keys() - set(charged)
    return Proposal(
        number=plan.number,
        kind=plan.kind,
        seen=plan.pool.committed,
        parents=tuple(parent.index for parent in plan.parents),
        components=draft.components,
        examples=tuple(example.id for example in plan.examples),
        before=draft.before,
        after=draft.after,
        texts=draft.candidate.texts if draft.candidate is not None else None,
        status=draft.status,
        reason=draft.reason,
        scores=draft.scores if draft.status == "accepted" else {},
        objectives=draft.objectives if draft.status == "accepted" else {},
        reserved=plan.reserved,
        rollouts=dict(Counter(draft.needed[key][0] for key in charged)),
        usage=_by_purpose(draft, charged),
        reused=len(known),
        saved=sum((usage for key, (_, usage) in draft.needed.items() if key in known), Usage()),
        reflections=draft.reflections,
        reflection_usage=draft.reflection_usage,
        lost=lost,
        ancestor=plan.merge.ancestor if plan.merge is not None else None,
        onto=draft.onto,
    )


def _by_purpose(draft: Draft, charged: list[OutcomeKey]) -> dict[str, Usage]:
    used: dict[str, Usage] = {}
    for purpose, usage in (draft.needed[key] for key in charged):
        used[purpose] = used.get(purpose, Usage()) + usage
    return used
