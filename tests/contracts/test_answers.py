"""Answers that cannot be used: refused at the hook's door, and laid at that of the plugin that gave them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import attrs
import pytest

from gepa_core import Member, Merge, Pool, Result, hookimpl
from gepa_core.errors import PluginError

Play = Callable[..., Result]


class Answers:
    """Answers one hook with ``answer``, or with what it makes of the pool."""

    def __init__(self, hook: str, answer: Any) -> None:
        self.hook, self.answer = hook, answer

    @hookimpl
    def gepa_merge_candidates(self, pool: Pool, number: int) -> Any:
        return self.give("merge", pool) if number > 2 else None

    @hookimpl
    def gepa_select_parent(self, pool: Pool) -> Any:
        return self.give("parent", pool)

    @hookimpl
    def gepa_sample_examples(self, pool: Pool) -> Any:
        return self.give("examples", pool)

    @hookimpl
    def gepa_select_components(self, pool: Pool) -> Any:
        return self.give("components", pool)

    @hookimpl
    def gepa_accept_candidate(self, pool: Pool) -> Any:
        return self.give("accept", pool)

    @hookimpl
    def gepa_next_validation(self, pool: Pool) -> Any:
        return self.give("validation", pool)

    @hookimpl
    def gepa_stop_reason(self, pool: Pool) -> Any:
        return self.give("stop", pool)

    def give(self, hook: str, pool: Pool) -> Any:
        if hook != self.hook:
            return None
        return self.answer(pool) if callable(self.answer) else self.answer


class SlowAnswers:
    def __init__(self, answer: Any) -> None:
        self.answer = answer


class CaptureAnswers(SlowAnswers):
    @hookimpl
    def gepa_capture_trajectory(self) -> Any:
        return self.answer


class FeedbackAnswers(SlowAnswers):
    @hookimpl
    async def gepa_give_feedback(self) -> Any:
        return self.answer


class ProposeAnswers(SlowAnswers):
    @hookimpl
    def gepa_propose_texts(self) -> Any:
        return self.answer


def merge(pool: Pool, **changes: Any) -> Merge:
    best = pool.best
    right = Merge(parents=(0, 0), ancestor=0, texts=best.candidate.texts, examples=tuple(best.scores)[:2])
    return attrs.evolve(right, **changes)


def stranger(pool: Pool) -> Member:
    return attrs.evolve(pool.members[0])


NONSENSE: list[tuple[Any, str]] = [
    (Answers("parent", 0), "answered 0, which is no Member"),
    (Answers("parent", stranger), "answered a Member with index 0, which is not in the pool"),
    (Answers("examples", "all"), "answered 'all', which is no list and no tuple"),
    (Answers("examples", set()), r"answered set\(\), which is no list and no tuple"),
    (Answers("examples", [1]), "answered 1, which is not among the training examples"),
    (Answers("examples", lambda pool: pool.val[:1]), "answered Example.*not among the training examples"),
    (
        Answers("examples", lambda pool: [*pool.train[:2], pool.train[0]]),
        "answered '.*' twice",
    ),
    (Answers("components", "plan"), "answered 'plan', which is no list"),
    (
        Answers("components", ["plann"]),
        "answered 'plann', which is not among the components: 'plan', 'act'",
    ),
    (Answers("components", ["act", "act"]), "answered 'act' twice"),
    (Answers("accept", "yes"), "answered 'yes', which is no bool"),
    (Answers("accept", 1.0), r"answered 1\.0, which is no bool"),
    (
        Answers("validation", lambda pool: pool.train[:1]),
        "answered Example.* not among the validation examples that have not run",
    ),
    (
        Answers("validation", lambda pool: pool.val),
        "answered Example.* not among the validation examples that have not run",
    ),
    (Answers("stop", True), "answered True, which is no str"),
    (Answers("merge", (0, 1)), r"answered \(0, 1\), which is no Merge"),
    (
        Answers("merge", lambda pool: merge(pool, parents=(0, 99))),
        "answered a Merge with member 99, and the pool has",
    ),
    (
        Answers("merge", lambda pool: merge(pool, ancestor=-1)),
        "answered a Merge with member -1, and the pool has",
    ),
    (
        Answers("merge", lambda pool: merge(pool, texts={})),
        "answered a Merge with texts for nothing; give one for each of 'plan', 'act'",
    ),
    (
        Answers("merge", lambda pool: merge(pool, texts={"plan": "", "act": None})),
        "answered None, which is no str",
    ),
    (
        Answers("merge", lambda pool: merge(pool, examples=())),
        "answered a Merge without examples to test it on",
    ),
    (
        Answers("merge", lambda pool: merge(pool, examples=("nowhere",))),
        "answered a Merge .* example 'nowhere', which member 0 never ran",
    ),
    (CaptureAnswers("output"), "answered 'output', which is no Rollout"),
    (FeedbackAnswers(0.5), r"answered 0\.5, which is no Feedback"),
    (ProposeAnswers(["text"]), r"answered \['text'\], which is no Mapping"),
]


@pytest.mark.parametrize(("plugin", "message"), NONSENSE, ids=[message[:40] for _, message in NONSENSE])
def test_an_answer_that_is_none_ends_the_run_and_names_the_plugin(
    play: Play, plugin: Any, message: str
) -> None:
    name = type(plugin).__name__
    with pytest.raises(PluginError, match=rf"^plugin {name!r}: gepa_\w+ {message}") as caught:
        play(plugin)
    assert caught.value.plugin == name


def test_something_to_await_is_no_answer_to_a_quick_hook(play: Play) -> None:
    async def later() -> bool:
        return True

    with pytest.raises(PluginError, match="gepa_accept_candidate returned something to await, but"):
        play(Answers("accept", lambda _: later()))


def test_a_validation_of_nothing_is_refused(play: Play) -> None:
    with pytest.raises(PluginError, match="'gepa_next_validation' asked for no example"):
        play(Answers("validation", []))


def test_a_wrapper_around_a_decision_sees_and_may_change_it(play: Play) -> None:
    seen: list[Any] = []

    class Contrary:
        @hookimpl(wrapper=True)
        def gepa_accept_candidate(self) -> Generator[None, bool, bool]:
            accepted = yield
            seen.append(accepted)
            return not accepted

    result = play(Contrary(), "no:merge")
    tested = [proposal for proposal in result.proposals if proposal.after]
    assert [proposal.status == "rejected" for proposal in tested] == seen
    assert True in seen
    assert not result.improved


def test_a_wrapper_that_fails_around_a_decision_is_the_one_to_blame(play: Play) -> None:
    class Stumbling:
        @hookimpl(wrapper=True)
        def gepa_select_parent(self) -> Generator[None, Member, Member]:
            parent = yield
            raise LookupError(parent.index)

    with pytest.raises(PluginError, match="plugin 'Stumbling': gepa_select_parent raised LookupError: 0"):
        play(Stumbling())


def test_an_error_inside_a_wrapper_stays_with_the_one_who_raised_it(play: Play) -> None:
    class Failing:
        @hookimpl
        def gepa_select_parent(self) -> Member:
            raise LookupError("nobody")

    class Passing:
        @hookimpl(wrapper=True)
        def gepa_select_parent(self) -> Generator[None, Member, Member]:
            return (yield)

    with pytest.raises(PluginError) as caught:
        play(Passing(), Failing())
    assert caught.value.plugin == "Failing"


# texts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"act": "no variable"}, "placeholder: "),
        ({"act": " "}, "empty: "),
        ({"other": "text"}, "unknown-component: "),
        ({}, "empty: no text was proposed"),
        ({"act": 5}, "no-text: "),
    ],
)
def test_texts_that_cannot_be_used_drop_the_proposal_not_the_run(play: Play, texts: Any, reason: str) -> None:
    result = play(Answers("components", ["act"]), ProposeAnswers(texts))
    assert result.stop_reason.startswith("the last 5 reflections gave no usable text")
    dropped = result.proposals[1]
    assert dropped.status == "dropped"
    assert dropped.reason.startswith(reason)
    assert "child" not in result.cost.rollouts


def test_a_merge_that_loses_a_variable_is_dropped_before_any_rollout(play: Play) -> None:
    def lossy(pool: Pool) -> Merge:
        return merge(pool, texts={"plan": "rules:", "act": "no variable"})

    result = play(Answers("merge", lossy))
    merges = [proposal for proposal in result.proposals if proposal.kind == "merge"]
    assert {proposal.status for proposal in merges} == {"dropped"}
    assert all(proposal.reason.startswith("placeholder: ") for proposal in merges)
    assert "merge" not in result.cost.rollouts
