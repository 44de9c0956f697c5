"""Hooks that may take their time: where they run, that None passes on, and what wrappers see."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any

import attrs
import pytest

from gepa_core import Candidate, Example, Feedback, Result, Rollout, hookimpl
from gepa_core.asking import Later
from gepa_core.errors import PluginError
from gepa_core.events import Event, Retried
from gepa_core.mutation import MutationRequest

Play = Callable[..., Result]
Wrapping = Generator[None, Awaitable[Rollout], Any]


@attrs.define(eq=False)
class Threads:
    """Where each hook was called: names of hooks to identities of threads."""

    seen: dict[str, set[int]] = attrs.field(factory=dict, init=False)

    def note(self, hook: str) -> None:
        self.seen.setdefault(hook, set()).add(threading.get_ident())

    @hookimpl
    def gepa_notify(self) -> None:
        self.note("notify")


class SyncThreads(Threads):
    @hookimpl
    def gepa_capture_trajectory(self) -> None:
        self.note("capture")

    @hookimpl
    def gepa_give_feedback(self) -> None:
        self.note("feedback")

    @hookimpl
    def gepa_propose_texts(self) -> None:
        self.note("propose")


class AsyncThreads(Threads):
    @hookimpl
    async def gepa_capture_trajectory(self) -> None:
        await asyncio.sleep(0)
        self.note("capture")

    @hookimpl
    async def gepa_give_feedback(self) -> None:
        await asyncio.sleep(0)
        self.note("feedback")

    @hookimpl
    async def gepa_propose_texts(self) -> None:
        await asyncio.sleep(0)
        self.note("propose")


def test_sync_ones_run_off_the_event_loops_thread_and_none_passes_on(play: Play) -> None:
    plugin = SyncThreads()
    result = play(plugin)
    (loop,) = plugin.seen.pop("notify")
    assert set(plugin.seen) == {"capture", "feedback", "propose"}
    assert loop not in set().union(*plugin.seen.values())
    assert result.improved, "the built-in plugins went on as if it were not there"


def test_async_ones_run_on_the_event_loops_thread_and_none_passes_on(play: Play) -> None:
    plugin = AsyncThreads()
    result = play(plugin)
    (loop,) = plugin.seen.pop("notify")
    assert plugin.seen == {"capture": {loop}, "feedback": {loop}, "propose": {loop}}
    assert result.improved


@pytest.mark.parametrize("kind", [Threads, SyncThreads, AsyncThreads])
def test_plugins_that_pass_everything_on_change_nothing(play: Play, kind: type[Threads]) -> None:
    assert play(kind()).proposals == play().proposals


def test_a_blocking_plugin_does_not_hold_up_the_others(play: Play) -> None:
    meeting = threading.Barrier(4, timeout=20)

    class Blocking:
        @hookimpl
        def gepa_capture_trajectory(self, example: Example) -> Rollout | None:
            if example.split == "val":
                meeting.wait()  # passed only when four rollouts are here at once
            return None

    rows = [{"input": number, "expected": 2} for number in range(14, 22)]
    result = play(Blocking(), concurrency=4, budget=30, valset=rows)
    assert len(result.proposals[0].scores) == 8


class Fixed:
    """Answers every slow hook itself."""

    @hookimpl
    def gepa_capture_trajectory(self) -> Rollout:
        return Rollout(output=1)

    @hookimpl
    async def gepa_give_feedback(self, example: Example) -> Feedback:
        return Feedback(0.25, f"split {example.split}")

    @hookimpl
    def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        return {request.components[0].name: f"rules {{x}} {request.number}"}


def test_their_answers_are_used(play: Play, rules: type[Any]) -> None:
    target = rules()
    result = play(Fixed(), target=target, budget=40)
    assert target.runs == 0
    assert set(result.val.seed.values()) == {0.25}
    assert result.cost.reflections == 0
    assert result.proposals[1].texts == {"plan": "rules {x} 1", "act": "rules for {x}:"}


@attrs.define(eq=False)
class Around:
    """A wrapper that writes down its name before and after, and lets the answer through."""

    name: str
    log: list[str]

    @hookimpl(wrapper=True)
    def gepa_capture_trajectory(self) -> Wrapping:
        rollout = yield
        return self._run(rollout)

    async def _run(self, rollout: Awaitable[Rollout]) -> Rollout:
        self.log.append(f"> {self.name}")
        result = await rollout
        self.log.append(f"< {self.name}")
        return result


@pytest.mark.parametrize("inner", [[], [SyncThreads()], [AsyncThreads()], [Fixed()]])
def test_wrappers_are_around_everything_once_and_the_first_listed_is_outermost(
    play: Play, inner: Any
) -> None:
    log: list[str] = []
    result = play(Around("one", log), *inner, Around("two", log), concurrency=1, budget=40)
    assert log == ["> one", "> two", "< two", "< one"] * result.cost.total_rollouts


def test_a_wrapper_may_change_the_answer(play: Play) -> None:
    class Half:
        @hookimpl(wrapper=True)
        def gepa_give_feedback(self) -> Generator[None, Awaitable[Feedback], Any]:
            feedback = yield
            return self._half(feedback)

        async def _half(self, feedback: Awaitable[Feedback]) -> Feedback:
            known = await feedback
            return attrs.evolve(known, score=known.score / 2)

    assert play(Half(), Fixed(), budget=30).val.seed_mean == 0.125


def test_a_wrapper_may_answer_at_once_and_then_nothing_runs(play: Play, rules: type[Any]) -> None:
    class Instead:
        @hookimpl(wrapper=True)
        def gepa_capture_trajectory(self) -> Wrapping:
            yield
            return Rollout(output=2)

    target = rules()
    assert play(Instead(), target=target, budget=30).val.seed_mean == 1.0
    assert target.runs == 0


def test_a_wrapper_sees_what_is_raised_inside(play: Play) -> None:
    class Broken:
        @hookimpl
        async def gepa_capture_trajectory(self) -> Rollout:
            raise KeyError("lost")

    class Rescue:
        @hookimpl(wrapper=True)
        def gepa_capture_trajectory(self) -> Wrapping:
            rollout = yield
            return self._rescue(rollout)

        async def _rescue(self, rollout: Awaitable[Rollout]) -> Rollout:
            try:
                return await rollout
            except PluginError as error:
                blamed.add(error.plugin)
                return Rollout(output=0)

    blamed: set[str] = set()
    assert play(Rescue(), Broken(), budget=30).val.seed_mean == 0
    assert blamed == {"Broken"}


def test_a_wrapper_cannot_have_the_answer_twice() -> None:
    async def ask() -> int:
        return 3

    async def twice() -> None:
        later = Later(ask)
        assert await later == 3
        await later

    with pytest.raises(RuntimeError, match="only once"):
        asyncio.run(twice())


class Forgetful:
    @hookimpl(wrapper=True)
    def gepa_capture_trajectory(self) -> Wrapping:
        yield


class Twice:
    @hookimpl(wrapper=True)
    def gepa_capture_trajectory(self) -> Wrapping:
        rollout = yield
        yield
        return rollout


class Never:
    @hookimpl(wrapper=True)
    def gepa_capture_trajectory(self, candidate: Candidate) -> Wrapping:
        if not candidate.texts:
            yield
        return None


class Raising:
    @hookimpl(wrapper=True)
    def gepa_capture_trajectory(self) -> Wrapping:
        yield
        raise KeyError("lost")


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (Forgetful(), "does a wrapper of it return nothing"),
        (Twice(), "plugin 'Twice': gepa_capture_trajectory has more than one 'yield'"),
        (Never(), "plugin 'Never': gepa_capture_trajectory ended without a 'yield'"),
        (Raising(), "plugin 'Raising': gepa_capture_trajectory raised KeyError: 'lost'"),
    ],
)
def test_a_wrong_wrapper_ends_the_run(play: Play, plugin: Any, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        play(plugin)


def test_a_passing_fault_of_a_plugin_is_tried_again(play: Play, execution_of: Any) -> None:
    retries: list[Retried] = []

    class Unsteady:
        failures = 0

        @hookimpl
        def gepa_capture_trajectory(self) -> None:
            if self.failures < 2:
                self.failures += 1
                raise ConnectionError("the sandbox is away")

        @hookimpl
        def gepa_notify(self, event: Event) -> None:
            if isinstance(event, Retried):
                retries.append(event)

    result = play(Unsteady(), execution=execution_of(attempts=3, max_wait=0.01, concurrency=1))
    assert result.improved
    assert [event.what for event in retries] == ["rollout", "rollout"]
    assert all("'Unsteady'" in event.error for event in retries)
