"""With a lookahead above 1, a change is made to the best of what was accepted while it was being made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Component, Result, Rollout, Step, Trajectory, hookimpl
from gepa_core.commits import Commits
from gepa_core.gate import Gate, Halted
from gepa_core.mutation import MutationRequest
from gepa_core.protocols import LeftAlone
from gepa_core.rebase import overtaking, rebased
from gepa_core.state import Member, State
from gepa_core.store import Store
from gepa_core.types import Candidate
from tests.core.toys import QUICK, Toy, preset, search

Score = Callable[[bool, bool], float]
"""The score by whether the first text has changed, and whether the second has."""


@attrs.frozen(kw_only=True)
class TwoTexts:
    """Returns its texts."""

    components: tuple[Component, ...]
    left_alone: tuple[LeftAlone, ...] = ()

    async def run(self, texts: Mapping[str, str], inputs: Any) -> Rollout:  # noqa: ARG002
        """One rollout."""
        step = Step(kind="model", name="toy", components=tuple(texts))
        return Rollout(output=dict(texts), trajectory=Trajectory(steps=(step,)))

    def build(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts."""
        return texts


class Numbered:
    """Writes the number of the proposal."""

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        """One text for each chosen component."""
        return {component.name: str(request.number) for component in request.components}


def two_at_once(run_dir: Path, score: Score, names: str = "ab", **changes: Any) -> Result:
    """A run of the seed and two proposals that are planned together, each for the next component."""
    texts = tuple(Component(name=name, text="0") for name in names)
    return search(
        TwoTexts(components=texts),
        run_dir,
        trainset=range(3),
        valset=range(10, 14),
        metric=lambda _, output: score(output["a"] != "0", output.get("b", "0") != "0"),
        plugins=[Numbered(), "no:merge"],
        preset=preset(**({"lookahead": 2} | changes)),
        budget=31,
    )


def test_a_change_is_moved_to_what_was_accepted_meanwhile(tmp_path: Path) -> None:
    """The second proposal changes another text than the first, and is validated with both changes."""
    result = two_at_once(tmp_path, lambda a, b: 0.4 * a + 0.4 * b)
    first, second = result.proposals[1:3]
    assert (first.components, second.components) == (("a",), ("b",))
    assert (first.seen, second.seen) == (0, 0)
    assert first.onto is None
    assert (second.onto, second.parents, second.origins) == (1, (0,), (1,))
    assert second.texts == {"a": "1", "b": "2"}
    assert (second.before, second.after) == ((0.0,) * 3, (0.8,) * 3)
    assert set(second.scores.values()) == {0.8}
    assert second.rollouts == {"child": 6, "validation": 4}
    assert result.best.texts == second.texts


def test_what_others_have_changed_for_the_better_is_not_validated(tmp_path: Path) -> None:
    """Both change the only text there is: the second competes with nothing that it has seen."""
    result = two_at_once(tmp_path, lambda a, _: 0.4 * a, names="a")
    first, second = result.proposals[1:3]
    assert (first.status, second.status) == ("accepted", "rejected")
    assert second.reason.startswith("overtaken: ")
    assert second.rollouts == {"child": 3}
    assert result.tally["overtaken"] >= 1


def test_a_change_that_does_not_help_there_is_validated_where_it_does(tmp_path: Path) -> None:
    """Together they are worse than the second alone."""
    result = two_at_once(tmp_path, lambda a, b: 0.1 if a and b else 0.4 * a + 0.3 * b)
    second = result.proposals[2]
    assert (second.status, second.onto) == ("accepted", None)
    assert second.texts == {"a": "0", "b": "2"}
    assert second.after == (0.3,) * 3
    assert second.rollouts == {"child": 6, "validation": 4}


def test_nothing_is_moved_to_what_is_no_better(tmp_path: Path) -> None:
    """The first is accepted by its minibatch, and its mean on validation is the parent's."""
    result = search(
        TwoTexts(components=tuple(Component(name=name, text="0") for name in "ab")),
        tmp_path,
        trainset=range(3),
        valset=range(10, 14),
        metric=lambda row, output: 0.4 * (output["b"] != "0") + 0.4 * (output["a"] != "0" and row < 10),
        plugins=[Numbered(), "no:merge"],
        preset=preset(lookahead=2),
        budget=31,
    )
    first, second = result.proposals[1:3]
    assert first.status == second.status == "accepted"
    assert second.texts == {"a": "0", "b": "2"}


@pytest.mark.parametrize("changes", [{"lookahead": 1}, {"rebase": False}])
def test_it_can_be_left_out(tmp_path: Path, changes: dict[str, Any]) -> None:
    """At a lookahead of 1 there is nothing to move to, and without `Preset.rebase` nothing waits."""
    found = two_at_once(tmp_path, lambda a, b: 0.4 * a + 0.4 * b, **changes).proposals
    assert [one.onto for one in found] == [None] * len(found)
    assert all(one.rollouts.get("child", 0) <= 3 for one in found)
    assert not preset(**({"lookahead": 2} | changes)).rebases


@pytest.mark.parametrize("concurrency", [1, 16])
def test_timing_changes_nothing(tmp_path: Path, concurrency: int) -> None:
    """What a proposal is moved to is what all before it left, however long they took."""
    settings = preset(lookahead=4)
    calm = search(Toy(), tmp_path / "calm", preset=settings)
    execution = attrs.evolve(QUICK, concurrency=concurrency)
    hasty = search(Toy(jitter=0.004), tmp_path / "hasty", preset=settings, execution=execution)
    assert any(one.onto is not None for one in calm.proposals)
    assert calm.proposals == hasty.proposals
    store = Store.read(tmp_path / "calm")
    assert tuple(store.proposals()) == calm.proposals
    store.close()


def member(index: int, mean: float, scores: int = 2, **texts: str) -> Member:
    """A member with the texts ``a`` and ``b``."""
    return Member(
        index=index,
        candidate=Candidate(texts={"a": "0", "b": "0"} | texts),
        parents=(),
        proposal=index,
        scores=dict.fromkeys(map(str, range(scores)), mean),
        objectives={},
        mean=mean,
        turn=0,
    )


def test_those_overtake_that_are_better_on_as_many_examples() -> None:
    parent = member(0, 0.5)
    newer = [member(1, 0.5), member(2, 0.6), member(3, 0.9, scores=1), member(4, 0.4)]
    assert [one.index for one in overtaking(parent, newer)] == [2]


def test_the_best_base_is_taken_that_has_the_parents_text() -> None:
    """Of equals the earliest; what somebody else has changed too is no base."""
    parent, child = member(0, 0.1), Candidate(texts={"a": "new", "b": "0"})
    others = [member(1, 0.6, b="1"), member(2, 0.7, b="2"), member(3, 0.7, b="3"), member(4, 0.9, a="4")]
    found = rebased(child, parent, others)
    assert found is not None
    assert (found[0].texts, found[1].index) == ({"a": "new", "b": "2"}, 2)
    assert rebased(child, parent, others[3:]) is None


def test_whoever_waits_for_a_commit_is_let_go_when_the_run_ends() -> None:
    async def run() -> None:
        gate = Gate(1)
        state = State(components=(), train=(), val=(), seed=0)
        commits = Commits(state, gate)
        assert (await commits.before(0)).committed == -1
        waiting = [asyncio.create_task(commits.before(number)) for number in (1, 3)]
        await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)
        gate.halt("it was interrupted")
        ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
        assert [str(error) for error in ended] == ["it was interrupted"] * 2
        with pytest.raises(Halted, match="interrupted"):
            await commits.before(5)

    asyncio.run(run())
