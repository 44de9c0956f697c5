"""One proposal on its way from a plan to what became of it: the body of the paper's Algorithm 1."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from gepa_core.commits import Commits
from gepa_core.entries import usage_of
from gepa_core.errors import MetricError, PluginError, ProposalDropped, SystemFailed
from gepa_core.evaluate import Evaluator
from gepa_core.gate import Gate
from gepa_core.guard import merged_problems, proposed_problems, text_problems
from gepa_core.marks import arrived, attributed, calls_a_model, marked
from gepa_core.mutation import MutationRequest, Reflected
from gepa_core.pool import Pool
from gepa_core.protocols import LanguageModel
from gepa_core.rebase import overtaking, rebased
from gepa_core.recorded import RecordedModel
from gepa_core.retry import Patience
from gepa_core.stages import Stages
from gepa_core.state import Member
from gepa_core.store import OutcomeKey, Store, outcome_key
from gepa_core.types import Candidate, Example, Merge, Outcome, Purpose, Spend, Usage

_REASON = 1_000
"""Characters of a reason that are kept."""


@attrs.frozen(kw_only=True)
class Plan:
    """What was decided about a proposal before anything was spent on it.

    Attributes:
        pool: the pool as the decisions saw it.
        parents: the members it comes from: none for the seed, one for a mutation, two for a merge.
        examples: what it is tested on before it is validated.
        merge: the merge to try; None for a mutation.
        reserved: the most it can cost.
    """

    number: int
    kind: Literal["seed", "mutation", "merge"]
    pool: Pool
    parents: tuple[Member, ...] = ()
    examples: tuple[Example, ...] = ()
    merge: Merge | None = None
    reserved: Spend


@attrs.define(kw_only=True, eq=False)
class Draft:
    """What became of a proposal, before it is committed.

    Attributes:
        onto: pool index of the member that the change was moved to, if it was.
        needed: every outcome that it used: key to (purpose, usage). Charging is decided at the commit.
    """

    status: Literal["accepted", "rejected", "skipped", "dropped"] = "dropped"
    reason: str = ""
    components: tuple[str, ...] = ()
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    candidate: Candidate | None = None
    onto: int | None = None
    scores: dict[str, float] = attrs.field(factory=dict)
    objectives: dict[str, Mapping[str, float]] = attrs.field(factory=dict)
    needed: dict[OutcomeKey, tuple[Purpose, Usage]] = attrs.field(factory=dict)
    reflections: int = 0
    reflection_usage: Usage = attrs.field(factory=Usage)


class _Ended(Exception):
    """The proposal ends here, with this status and reason."""

    def __init__(self, status: Literal["rejected", "skipped", "dropped"], reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def _one_line(reason: str) -> str:
    """A reason that can be stored and shown, whatever a plugin or a model put into it."""
    line = " ".join(reason.encode(errors="backslashreplace").decode().split())
    return line if len(line) <= _REASON else f"{line[:_REASON]}…"


@attrs.define(kw_only=True, eq=False)
class Attempter:
    """Carries plans out. Holds what all proposals of a run share.

    Attributes:
        seed: the app's own texts.
        reuse: whether a parent's known outcomes on training examples are used again.
        all_live: whether components are optimised that no model was seen to be sent.
        limits_reflections: whether a proposal may make no more reflection calls than were reserved for it.
        commits: where mutations wait before they are rebased; None when they are validated as they are.
    """

    seed: Candidate
    evaluator: Evaluator
    stages: Stages
    store: Store
    gate: Gate
    model: LanguageModel
    reuse: bool = True
    all_live: bool = False
    limits_reflections: bool = False
    commits: Commits | None = None
    _patience: Patience = attrs.field(init=False)

    @_patience.default
    def _new_patience(self) -> Patience:
        service = f"the reflection model {self.model.name!r}"
        return self.evaluator.execution.patience_with(service, self.gate)

    async def carry_out(self, plan: Plan) -> Draft:
        """Do everything that ``plan`` asks for, and say what became of it.

        Raises:
            GepaError: what ends the run: an infrastructure fault that persists, a metric or a plugin that
                fails, a seed that never works.
        """
        draft = Draft()
        steps = {"seed": self._seed, "mutation": self._mutate, "merge": self._merge}
        try:
            await steps[plan.kind](plan, draft)
            draft.status = "accepted"
        except _Ended as end:
            draft.status, draft.reason = end.status, _one_line(end.reason)
        return draft

    async def _seed(self, plan: Plan, draft: Draft) -> None:
        draft.candidate = self.seed
        outcomes = await self._validate(plan, draft, "seed")
        failures = [outcome.failure for outcome in outcomes if outcome.failure is not None]
        if len(failures) == len(outcomes):
            self.store.forget(draft.needed)
            unscored = all(failure.type == MetricError.__name__ for failure in failures)
            raise SystemFailed(
                f"the {'metric' if unscored else 'app'} failed on all {len(outcomes)} validation examples, so"
                " nothing was optimised."
                f" The first error was {failures[0].message}"
            )
        draft.components = await self._live(plan, draft, outcomes)

    async def _live(self, plan: Plan, draft: Draft, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Components that took part in the seed's validation, or whose marks reach a model.

        A component that no step is attributed to may still be live, where an app changes its prompts on
        their way: before it is given up, it is marked and run on two training examples.
        """
        names = tuple(self.seed.texts)
        used = attributed(outcome.trajectory for outcome in outcomes)
        unseen = [name for name in names if name not in used]
        perfect = plan.pool.perfect_score
        if perfect is not None and min(draft.scores.values()) >= perfect:
            return names  # nothing will be rewritten
        if not unseen or self.all_live or not calls_a_model(outcomes):
            return names
        tried = await self._run(marked(self.seed, unseen), plan.examples, "probe", plan=plan, draft=draft)
        used |= arrived(unseen, [outcome.trajectory for outcome in tried])
        return tuple(name for name in names if name in used) or names

    async def _mutate(self, plan: Plan, draft: Draft) -> None:
        (parent,) = plan.parents
        if not plan.examples:
            raise _Ended("skipped", "solved: no training example is left that the parent does not solve")
        known = 0 if self.reuse else plan.number
        outcomes = await self._run(
            parent.candidate, plan.examples, "parent", plan=plan, draft=draft, known=known
        )
        draft.before = tuple(outcome.score for outcome in outcomes)
        perfect = plan.pool.perfect_score
        if perfect is not None and min(draft.before) >= perfect:
            raise _Ended("skipped", "perfect: the parent is perfect on the whole minibatch")
        draft.components = self.stages.components(plan.pool, parent, outcomes, plan.number)
        if not draft.components:
            raise _Ended("skipped", "no-component: no component was chosen")
        texts = await self._reflect(plan, draft, parent, outcomes)
        draft.candidate = self._new(plan, parent.candidate.with_texts(texts))
        await self._test(plan, draft, "child", draft.before)
        if self.commits is not None:
            await self._rebase(plan, draft, await self.commits.before(plan.number))
        await self._validate(plan, draft, "validation")

    async def _merge(self, plan: Plan, draft: Draft) -> None:
        if plan.merge is None:
            raise AssertionError("a plan of kind 'merge' carries one")
        ids = [example.id for example in plan.examples]
        before = max(([parent.scores[id_] for id_ in ids] for parent in plan.parents), key=sum)
        draft.before = tuple(before)
        problems = merged_problems(plan.pool.components, plan.merge.texts)
        if problems:
            raise _Ended("dropped", "; ".join(problems))
        draft.candidate = self._new(plan, Candidate(texts=plan.merge.texts))
        await self._test(plan, draft, "merge", before)
        await self._validate(plan, draft, "validation")

    def _new(self, plan: Plan, candidate: Candidate) -> Candidate:
        if plan.pool.is_known(candidate):
            raise _Ended("dropped", "duplicate: equal texts were proposed before")
        return candidate

    async def _reflect(
        self, plan: Plan, draft: Draft, parent: Member, outcomes: Sequence[Outcome]
    ) -> Mapping[str, str]:
        """New texts for the chosen components, checked."""
        texts = parent.candidate.texts
        seeds = {component.name: component for component in plan.pool.components}
        current = {name: attrs.evolve(component, text=texts[name]) for name, component in seeds.items()}
        model = RecordedModel(
            model=self.model,
            number=plan.number,
            allowed=plan.reserved.reflections if self.limits_reflections else None,
            store=self.store,
            gate=self.gate,
            stages=self.stages,
            patience=self._patience,
            prices=self.evaluator.execution.prices,
            pace=self.evaluator.pace,
        )
        request = MutationRequest(
            number=plan.number,
            parent=parent.candidate,
            components=[current[name] for name in draft.components],
            all_components=list(current.values()),
            minibatch=[
                Reflected(example=example, outcome=outcome)
                for example, outcome in zip(plan.examples, outcomes, strict=True)
            ],
            model=model,
            problems=lambda name, text: text_problems(seeds[name], texts[name], text),
            rng=plan.pool.rng("mutation", plan.number),
        )
        try:
            new = await self.stages.propose(request)
        except ProposalDropped as drop:
            raise _Ended("dropped", str(drop)) from None
        finally:
            draft.reflections, draft.reflection_usage = model.calls, model.usage
        problems = proposed_problems(seeds, draft.components, texts, new)
        if problems:
            raise _Ended("dropped", "; ".join(problems))
        return new

    async def _test(
        self, plan: Plan, draft: Draft, purpose: Literal["child", "merge"], before: Sequence[float]
    ) -> None:
        """Run the new candidate on the minibatch, and go on if it is accepted."""
        if draft.candidate is None:
            raise AssertionError("there is a candidate to test")
        outcomes = await self._run(draft.candidate, plan.examples, purpose, plan=plan, draft=draft)
        draft.after = tuple(outcome.score for outcome in outcomes)
        if not self.stages.accept(plan.pool, plan.kind, before, draft.after):
            better = (
                "not as good as the better parent" if plan.kind == "merge" else "not better than its parent"
            )
            raise _Ended("rejected", f"worse: {sum(draft.after):g} against {sum(before):g}, {better}")

    async def _rebase(self, plan: Plan, draft: Draft, pool: Pool) -> None:
        """Move the change onto the best of what was accepted since the plan, and test it there.

        Args:
            pool: as all earlier proposals left it.
        """
        if draft.candidate is None:
            raise AssertionError("there is a candidate to rebase")
        (parent,) = plan.parents
        better = overtaking(parent, pool.members[len(plan.pool.members) :])
        if not better:
            return
        found = rebased(draft.candidate, parent, better)
        if found is None:
            raise _Ended("rejected", "overtaken: others have changed the same for the better meanwhile")
        moved, base = found
        if pool.is_known(moved) or merged_problems(plan.pool.components, moved.texts):
            return
        outcomes = await self._run(moved, plan.examples, "child", plan=plan, draft=draft)
        after = tuple(outcome.score for outcome in outcomes)
        # Both are changed candidates, so this one has to be as good as the other, as a merge has to be.
        if self.stages.accept(plan.pool, "merge", draft.after, after):
            draft.candidate, draft.after, draft.onto = moved, after, base.index

    async def _validate(self, plan: Plan, draft: Draft, purpose: Purpose) -> list[Outcome]:
        if draft.candidate is None:
            raise AssertionError("there is a candidate to validate")
        done: list[Outcome] = []
        choose = functools.partial(self.stages.next_validation, plan.pool, number=plan.number)
        while chosen := choose(scores=draft.scores):
            outcomes = await self._run(draft.candidate, chosen, purpose, plan=plan, draft=draft)
            # The examples' own ids as keys, which all candidates share, and not those that were read back.
            draft.scores |= {
                example.id: outcome.score for example, outcome in zip(chosen, outcomes, strict=True)
            }
            done += outcomes
        if not done:
            raise PluginError("'gepa_next_validation' asked for no example, so the candidate has no score")
        draft.objectives = {
            outcome.example: outcome.feedback.objectives for outcome in done if outcome.feedback.objectives
        }
        return done

    async def _run(
        self,
        candidate: Candidate,
        examples: Sequence[Example],
        purpose: Purpose,
        *,
        plan: Plan,
        draft: Draft,
        known: int = 0,
    ) -> list[Outcome]:
        outcomes = await self.evaluator.evaluate(
            candidate, examples, purpose=purpose, number=plan.number, draw=known
        )
        for outcome in outcomes:
            draft.needed.setdefault(outcome_key(outcome), (purpose, usage_of(outcome.trajectory)))
        return outcomes
