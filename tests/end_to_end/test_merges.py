"""Merges inside of a run: as many as are allowed, also when several proposals are on their way."""

from __future__ import annotations

from pathlib import Path

import pytest

from gepa_core.types import Candidate
from tests.core.toys import Toy, preset, search, total


@pytest.mark.parametrize("lookahead", [1, 4, 8])
@pytest.mark.parametrize("seed", range(2))
def test_at_most_five_are_tried(tmp_path: Path, lookahead: int, seed: int) -> None:
    """Invocations count, not acceptances, and those that are under way count too."""
    # what is rebased needs no merge
    settings = preset(lookahead=lookahead, rebase=False)
    result = search(Toy(), tmp_path, seed=seed, budget=300, preset=settings)
    merges = [proposal for proposal in result.proposals if proposal.kind == "merge"]
    assert len(merges) <= 5
    assert lookahead == 1 or merges  # they do occur, so that the limit was reached for


def test_merges_rebuild_nothing_and_join_no_relatives(tmp_path: Path) -> None:
    """In a whole run: the ancestor is one of both parents, neither parent is one of the other's."""
    for seed in range(3):
        proposals = search(Toy(), tmp_path / str(seed), seed=seed, budget=300).proposals
        members = [proposal for proposal in proposals if proposal.status == "accepted"]
        lines: list[set[int]] = []
        for member in members:
            lines.append(set(member.parents).union(*(lines[parent] for parent in member.parents)))
        for merge in (proposal for proposal in proposals if proposal.kind == "merge"):
            one, other = merge.parents
            assert one not in lines[other]
            assert other not in lines[one]
            assert merge.ancestor in lines[one] & lines[other]
            seen = [p.texts for p in proposals[: merge.seen + 1] if p.texts is not None]
            assert merge.texts is not None
            assert Candidate(texts=merge.texts) not in [Candidate(texts=texts) for texts in seen]
            assert merge.rollouts.get("merge", 0) <= 5


@pytest.mark.parametrize("lookahead", [4, 8])
def test_an_acceptance_brings_one_merge_at_most(tmp_path: Path, lookahead: int) -> None:
    """Also near the end of a budget, where several proposals wait for it and are planned at once."""
    for seed in range(3):
        changes = {"seed": seed, "budget": 130, "preset": preset(lookahead=lookahead)}
        found = search(Toy(), tmp_path / str(seed), **changes).proposals
        seen = [one.seen for one in found if one.kind == "merge"]
        assert len(set(seen)) == len(seen)


def test_no_merge_without_the_plugin(tmp_path: Path) -> None:
    """``no:merge`` leaves them out, and the run spends its budget on mutations."""
    result = search(Toy(), tmp_path, plugins=["no:merge"], preset=preset(lookahead=4))
    assert {proposal.kind for proposal in result.proposals} == {"seed", "mutation"}
    assert total(result) <= 120
