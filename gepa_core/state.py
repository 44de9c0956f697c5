"""The state of a run as a fold over its committed proposals."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from operator import itemgetter

import attrs

from gepa_core.entries import Entry, add, entries_of
from gepa_core.frontier import Frontier
from gepa_core.scores import Packing
from gepa_core.types import Candidate, Component, Example, Proposal, Usage

_PAST = 16
"""Past frontiers that are kept. Proposals under way ask for them, and seldom are more of them under way."""


@attrs.frozen(kw_only=True, eq=False)
class Member:
    """A candidate in the pool.

    Attributes:
        index: its place in the pool; 0 is the seed.
        candidate: its texts.
        parents: pool indices of its parents.
        proposal: number of the proposal that brought it.
        scores: validation score by example id.
        objectives: validation scores per objective, by example id.
        mean: mean of the validation scores.
        turn: how many component choices were made along its lineage before it was born.
    """

    index: int
    candidate: Candidate
    parents: tuple[int, ...]
    proposal: int
    scores: Mapping[str, float]
    objectives: Mapping[str, Mapping[str, float]]
    mean: float
    turn: int


@attrs.define(kw_only=True, eq=False)
class State:
    """Everything that the committed proposals add up to. Only the engine changes it, by `apply`.

    Whatever a proposal may look at is kept together with the number of the commit that brought it, so
    that `gepa_core.pool.Pool` can show the state as it was after any commit at no cost.
    """

    components: tuple[Component, ...]
    train: tuple[Example, ...]
    val: tuple[Example, ...]
    seed: int
    frontier_of: str = "examples"
    perfect_score: float | None = 1.0
    """The score that cannot be bettered, by the settings; None when there is none."""

    members: list[Member] = attrs.field(factory=list, init=False)
    proposals: list[Proposal] = attrs.field(factory=list, init=False)
    frontier: Frontier = attrs.field(factory=Frontier, init=False)
    sizes: list[int] = attrs.field(factory=list, init=False)
    """Pool size after each commit."""
    indices: dict[str, int] = attrs.field(factory=dict, init=False)
    """Pool index by candidate id."""
    best: int = attrs.field(default=0, init=False)
    """The earliest of the members with the highest mean, among those with the most scores."""
    bests: list[int] = attrs.field(factory=list, init=False)
    """The best member after each commit."""
    spent: list[int] = attrs.field(factory=list, init=False)
    """Rollouts charged up to and with each commit."""
    reflections: list[int] = attrs.field(factory=list, init=False)
    """Calls of the reflection model up to and with each commit."""
    merges: list[int] = attrs.field(factory=list, init=False)
    """Merges tried up to and with each commit."""
    entries: dict[str, Entry] = attrs.field(factory=dict, init=False)
    """What was charged, by purpose."""
    lost: Usage = attrs.field(factory=Usage, init=False)
    """What attempts used that met infrastructure faults."""
    known: dict[str, int] = attrs.field(factory=dict, init=False)
    """Id of each candidate that was ever proposed, to the commit that brought it."""
    lineage: list[int] = attrs.field(factory=list, init=False)
    """For each member a bit mask of its ancestors' indices."""
    carriers: dict[tuple[str, str], tuple[int, int]] = attrs.field(factory=dict, init=False)
    """For each component and text the first member that has it, and a bit mask of all that do, from it on."""
    choices: dict[int, list[int]] = attrs.field(factory=dict, init=False)
    """Member to the commits that chose components of it."""
    outgrown: int | None = attrs.field(default=None, init=False)
    """The first commit with a score above the perfect one, which shows that the scale is another one."""
    train_scores: dict[int, dict[str, tuple[float, int]]] = attrs.field(factory=dict, init=False)
    """Member to training example to (score, commit)."""
    _packing: Packing = attrs.field(factory=Packing, init=False)
    _past: deque[tuple[int, Frontier]] = attrs.field(factory=lambda: deque(maxlen=_PAST), init=False)
    """Frontiers that were asked for after the pool had grown, with its size then."""

    @property
    def committed(self) -> int:
        """Number of the last commit, -1 before the seed's."""
        return len(self.proposals) - 1

    def index_of(self, candidate: Candidate) -> int | None:
        """The pool index of an equal candidate, if there is one."""
        return self.indices.get(candidate.id)

    def apply(self, proposal: Proposal) -> None:
        """Fold one more committed proposal into the state."""
        if proposal.number != len(self.proposals):
            raise ValueError(f"expected proposal {len(self.proposals)}, got {proposal.number}")
        proposal = self._packing.packed(proposal)
        self.proposals.append(proposal)
        self.spent.append((self.spent[-1] if self.spent else 0) + sum(proposal.rollouts.values()))
        self.reflections.append((self.reflections[-1] if self.reflections else 0) + proposal.reflections)
        self.merges.append((self.merges[-1] if self.merges else 0) + (proposal.kind == "merge"))
        add(self.entries, entries_of(proposal))
        self.lost += proposal.lost
        if self.outgrown is None and self._beats_perfection(proposal):
            self.outgrown = proposal.number
        if proposal.kind == "mutation":
            self._note_mutation(proposal)
        if proposal.texts is not None:
            self._note_candidate(proposal, Candidate(texts=proposal.texts))
        self.sizes.append(len(self.members))
        self.bests.append(self.best)

    def _beats_perfection(self, proposal: Proposal) -> bool:
        if self.perfect_score is None:
            return False
        scores = (*proposal.before, *proposal.after, *proposal.scores.values())
        return max(scores, default=self.perfect_score) > self.perfect_score

    def _note_mutation(self, proposal: Proposal) -> None:
        (parent,) = proposal.parents
        self._note_train_scores(parent, proposal, proposal.before)
        for index in dict.fromkeys((parent, *proposal.origins)) if proposal.components else ():
            self.choices.setdefault(index, []).append(proposal.number)

    def _note_candidate(self, proposal: Proposal, candidate: Candidate) -> None:
        self.known.setdefault(candidate.id, proposal.number)
        if proposal.status != "accepted":
            return
        member = Member(
            index=len(self.members),
            candidate=candidate,
            parents=proposal.origins,
            proposal=proposal.number,
            scores=proposal.scores,
            objectives=proposal.objectives,
            mean=sum(proposal.scores.values()) / len(proposal.scores),
            turn=max((self.turn(index, proposal.number) for index in proposal.origins), default=0),
        )
        self._add(member)
        if proposal.kind == "mutation":
            self._note_train_scores(member.index, proposal, proposal.after)

    def _add(self, member: Member) -> None:
        self.members.append(member)
        self.indices[member.candidate.id] = member.index
        ancestors = 0
        for parent in member.parents:
            ancestors |= self.lineage[parent] | (1 << parent)
        self.lineage.append(ancestors)
        for text in member.candidate.texts.items():
            first, mask = self.carriers.get(text, (member.index, 0))
            self.carriers[text] = first, mask | 1 << (member.index - first)
        self.frontier.add(member.index, frontier_scores(member, self.frontier_of), member.mean)
        best = self.members[self.best]
        if (len(member.scores), member.mean) > (len(best.scores), best.mean):
            self.best = member.index

    def _note_train_scores(self, index: int, proposal: Proposal, scores: Sequence[float]) -> None:
        known = self.train_scores.setdefault(index, {})
        for example, score in zip(proposal.examples, scores, strict=False):
            known.setdefault(example, (score, proposal.number))

    def turn(self, index: int, commit: int) -> int:
        """Component choices made along member ``index``'s lineage, up to and with ``commit``."""
        return self.members[index].turn + bisect_right(self.choices.get(index, []), commit)

    def past_frontier(self, size: int) -> Frontier:
        """The frontier of the first ``size`` members: a copy of one that was asked for before, with those who
        came after it."""
        known = [past for past in self._past if past[0] <= size]
        before, older = max(known, key=itemgetter(0), default=(0, Frontier()))
        if known and before == size:
            return older
        frontier = older.copy()
        for member in self.members[before:size]:
            frontier.add(member.index, frontier_scores(member, self.frontier_of), member.mean)
        self._past.append((size, frontier))
        return frontier


def frontier_scores(member: Member, frontier_of: str) -> Mapping[str, float]:
    """A member's scores by frontier key.

    Keys are example ids for ``"examples"``; objective names (mean over examples) for ``"objectives"``;
    both for ``"both"``.
    """
    if frontier_of == "examples":
        return member.scores
    by_key = dict(member.scores) if frontier_of == "both" else {}
    for name in sorted({name for scores in member.objectives.values() for name in scores}):
        values = [scores[name] for scores in member.objectives.values() if name in scores]
        by_key[f"objective:{name}"] = sum(values) / len(values)
    return by_key
