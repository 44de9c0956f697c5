"""Proposals that cannot be used: none costs a rollout of its own, each is counted, and the run goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core import Candidate, Component, hookimpl
from gepa_core.errors import ProposalDropped
from gepa_core.mutation import MutationRequest
from gepa_core.types import Proposal
from tests.core.steady import steady
from tests.core.toys import COMPONENTS, Toy, ToyModel, preset, search, total


@attrs.define(eq=False)
class Proposer:
    """Answers with a function of what it is asked; every third time it leaves it to reflection.

    Attributes:
        propose: the answer.
    """

    propose: Callable[[MutationRequest], Any]

    @hookimpl
    def gepa_propose_texts(self, request: MutationRequest) -> Any:
        """The answer."""
        return None if request.number % 3 == 0 else self.propose(request)


def all_of(make: Callable[[Component], Any]) -> Callable[[MutationRequest], Any]:
    """An answer that says ``make(component)`` of each component that was asked for."""
    return lambda request: {one.name: make(one) for one in request.components}


def _give_up(_request: MutationRequest) -> Any:
    raise ProposalDropped("calls: \ud800 no\nmore\x00 " + "x" * 10_000)


UNUSABLE: dict[str, tuple[Callable[[MutationRequest], Any], str]] = {
    "the parent's": (all_of(lambda one: one.text), "unchanged"),
    "the parent's, but for white space": (all_of(lambda one: f"\n{one.text} \n"), "unchanged"),
    "empty": (all_of(lambda _: ""), "empty"),
    "white space": (all_of(lambda _: " \t\n\u00a0\u2003"), "empty"),
    "nothing that can be seen": (all_of(lambda _: "\u200b\u2060\ufeff"), "empty"),
    "nothing": (lambda _: {}, "empty"),
    "huge": (all_of(lambda one: f"{one.text} {'word ' * 20_000}"), "too-long"),
    "far too huge": (all_of(lambda one: one.text + "{{" * 4_000_000), "too-long"),
    "NUL": (all_of(lambda one: f"{one.text} \x00"), "unwritable"),
    "half of a surrogate pair": (all_of(lambda one: f"{one.text} \ud83d"), "unwritable"),
    "no text": (all_of(lambda _: 3), "no-text"),
    "bytes": (all_of(lambda one: one.text.encode()), "no-text"),
    "None": (all_of(lambda _: None), "no-text"),
    "an unknown component": (lambda _: {"third": "text"}, "unknown-component"),
    "an unknown component beside": (
        lambda request: {**all_of(lambda one: f"{one.text} r1")(request), "\ud800" * 5_000: "text"},
        "unknown-component",
    ),
    "a name that is none": (lambda _: {3: "text"}, "unknown-component"),
    "given up": (_give_up, "calls"),
}


@pytest.mark.parametrize(("propose", "word"), UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("lookahead", [1, 4])
def test_what_cannot_be_used_costs_nothing_and_the_run_goes_on(
    tmp_path: Path, propose: Callable[[MutationRequest], Any], word: str, lookahead: int
) -> None:
    """Dropped without a rollout of its own, with a reason that is counted; others still get in."""
    result = search(
        Toy(), tmp_path, plugins=[Proposer(propose)], budget=80, preset=preset(lookahead=lookahead)
    )
    dropped = [one for one in result.proposals if one.status == "dropped" and one.reason.startswith(word)]
    assert len(dropped) >= 2
    for proposal in dropped:
        assert set(proposal.rollouts) <= {"parent"}
        assert (proposal.after, proposal.scores) == ((), {})
        assert len(proposal.reason) <= 1_001
        assert "\n" not in proposal.reason
        proposal.reason.encode()
    assert result.tally[word] >= len(dropped)
    assert result.tally["accepted"] >= 1
    assert result.improved


def test_a_variable_that_is_lost_or_made_up(tmp_path: Path) -> None:
    """Such a text would be filled with nothing; `{topic}` belongs to the second component alone."""

    def spoil(one: Component) -> str:
        return one.text.replace("{topic}", "the topic") if one.placeholders else f"{one.text} r1"

    def add(one: Component) -> str:
        return f"{one.text} {{made_up}}" if one.placeholders else f"{one.text} r2"

    for name, make in (("lost", spoil), ("made up", add)):
        result = search(Toy(), tmp_path / name, plugins=[Proposer(all_of(make))], budget=60)
        bad = [one for one in result.proposals if one.reason.startswith("placeholder")]
        assert bad
        assert {one.components for one in bad} == {("second",)}
        assert all(set(one.rollouts) <= {"parent"} for one in bad)
        assert result.tally["placeholder"] == len(bad)


def test_a_limit_of_the_component_goes_before_the_general_one(tmp_path: Path) -> None:
    short = tuple(attrs.evolve(one, max_chars=30) for one in COMPONENTS)
    long = Proposer(all_of(lambda one: f"{one.text} {'r1 ' * 20}"))
    result = search(Toy(components=short), tmp_path, plugins=[long], budget=50)
    reasons = [one.reason for one in result.proposals if one.reason.startswith("too-long")]
    assert reasons
    assert all("characters, and 30 are allowed (component " in reason for reason in reasons)


@pytest.mark.parametrize(("lookahead", "rebase"), [(1, True), (4, False), (4, True)])
def test_a_text_is_tried_once_in_a_run(tmp_path: Path, lookahead: int, rebase: bool) -> None:
    """Whatever became of it then: rejected, accepted or under way. It comes into the pool once at most."""

    def same(one: Component) -> str:
        return "Rules for {topic}: s1 s9" if one.placeholders else "Follow these rules: r1 r9"

    met: set[tuple[str, Any]] = set()
    bought = []

    def on_run(texts: Mapping[str, str], inputs: Any) -> None:
        bought.append(inputs)
        met.add((Candidate(texts=texts).id, inputs))

    result = search(
        Toy(on_run=on_run),
        tmp_path,
        plugins=[Proposer(all_of(same))],
        budget=90,
        preset=preset(lookahead=lookahead, rebase=rebase),
    )
    overtaken = result.tally.get("overtaken", 0)
    assert bool(overtaken) == (lookahead > 1 and rebase)
    assert result.tally["duplicate"] + overtaken >= 3
    assert len(bought) == len(met) == total(result)
    members = [Candidate(texts=one.texts or {}).id for one in result.proposals if one.status == "accepted"]
    assert len(set(members)) == len(members)


def is_usable(component: Component, text: str) -> bool:
    """Whether a model can be sent a text, and its variables are all there."""
    sent = text.encode("utf-8", "ignore").decode()
    return (
        text == sent
        and bool(text.strip())
        and "\x00" not in text
        and component.placeholders == tuple(token for token in component.placeholders if token in text)
    )


TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.sampled_from(
        ["Rules for {topic}: s1", "Follow these rules: r1", "Follow these rules:", "{topic}", "{", "}}"]
    ),
    st.none(),
    st.integers(),
)
ANSWERS = st.dictionaries(
    st.one_of(st.sampled_from(["first", "second"]), st.text(st.characters(codec=None), max_size=5)),
    TEXTS,
    max_size=3,
)


@settings(steady, max_examples=15)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=6), lookahead=st.sampled_from([1, 3]))
def test_whatever_a_plugin_proposes(answers: list[dict[str, Any]], lookahead: int) -> None:
    """No answer ends the run or puts into the pool what cannot be sent, and the budget holds."""

    wrong: list[str] = []

    class Checking(Toy):
        async def run(self, texts: Mapping[str, str], inputs: Any) -> Any:
            wrong.extend(texts[one.name] for one in COMPONENTS if not is_usable(one, texts[one.name]))
            return await super().run(texts, inputs)

    propose = Proposer(lambda request: answers[request.number % len(answers)])
    with tempfile.TemporaryDirectory() as directory:
        result = search(
            Checking(),
            Path(directory),
            plugins=[propose],
            valset=range(20, 23),
            budget=26,
            preset=preset(lookahead=lookahead),
        )
    assert total(result) <= 26
    assert wrong == []
    assert sum(result.tally.values()) == len(result.proposals) - 1
    known = [Candidate(texts=one.texts).id for one in result.proposals if one.texts and one.after]
    assert len(known) == len(set(known)) or lookahead > 1


# the reflection model's answers --------------------------------------------------


def by_reason(proposals: tuple[Proposal, ...]) -> dict[str, list[Proposal]]:
    """Proposals by the first word of their reason."""
    found: dict[str, list[Proposal]] = {}
    for proposal in proposals[1:]:
        found.setdefault(proposal.reason.partition(":")[0], []).append(proposal)
    return found


def test_what_cannot_be_used_costs_no_child_rollout(tmp_path: Path) -> None:
    """A dropped placeholder, a refusal, an unchanged text: asked again once, then dropped."""

    def spoil(prompt: str) -> str:
        if "The component is `second`" in prompt:
            return "```\nRules without their topic\n```"
        return "I cannot help with that request."

    model = ToyModel(write=spoil)
    result = search(Toy(), tmp_path, reflection_lm=model)
    found = by_reason(result.proposals)
    assert set(found) == {"placeholder", "refusal"}
    for proposal in result.proposals[1:]:
        assert proposal.status == "dropped"
        assert set(proposal.rollouts) <= {"parent"}
        assert proposal.reflections == 2
    assert len(model.prompts) == result.cost.reflections
    assert result.stop_reason.startswith("the last 5 reflections gave no usable text: ")
    assert len(result.proposals) == 6


def test_duplicates_cost_nothing(tmp_path: Path) -> None:
    """A text that was proposed before is dropped without a rollout, whatever became of it then."""

    def stubborn(prompt: str) -> str:
        second = "The component is `second`" in prompt
        return f"```\n{'Rules for {topic}: s9' if second else 'Follow these rules: r9'}\n```"

    result = search(Toy(), tmp_path, reflection_lm=ToyModel(write=stubborn), budget=400)
    found = by_reason(result.proposals)
    assert len(found["worse"]) == 2
    assert len(found["duplicate"]) == 10
    assert all(set(proposal.rollouts) <= {"parent"} for proposal in found["duplicate"])


def test_of_two_equal_proposals_on_their_way_one_comes_into_the_pool(tmp_path: Path) -> None:
    """Neither can see the other when it is planned; the later one is dropped at its commit."""
    proposals = search(Toy(), tmp_path, preset=preset(lookahead=8), budget=200).proposals
    accepted = [Candidate(texts=one.texts or {}).id for one in proposals if one.status == "accepted"]
    assert len(set(accepted)) == len(accepted)
    assert any("came into the pool meanwhile" in proposal.reason for proposal in proposals)
