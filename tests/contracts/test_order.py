"""Who is asked first, and who is asked next when it does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from gepa_core import Example, Feedback, Pool, Rollout, hookimpl
from gepa_core.manager import PluginManager
from gepa_core.stages import Stages
from gepa_core.state import State
from gepa_core.workers import Workers

EXAMPLE = Example(inputs=1, id="one")
ROLLOUT = Rollout(output="out")


@attrs.define(eq=False)
class Answering:
    """Answers with its own number, or with None; remembers that it was asked."""

    number: int
    answers: bool
    asked: list[int]

    def answer(self) -> Feedback | None:
        self.asked.append(self.number)
        return Feedback(self.number) if self.answers else None


class Sync(Answering):
    @hookimpl
    def gepa_give_feedback(self) -> Feedback | None:
        return self.answer()

    @hookimpl
    def gepa_accept_candidate(self) -> bool | None:
        answer = self.answer()
        return None if answer is None else answer.score > 2

    @hookimpl
    def gepa_stop_reason(self) -> str | None:
        answer = self.answer()
        return None if answer is None else f"{answer.score:g}"

    @hookimpl
    def gepa_notify(self) -> None:
        self.answer()


class Async(Sync):
    @hookimpl
    async def gepa_give_feedback(self) -> Feedback | None:  # type: ignore[override]
        await asyncio.sleep(0)
        return self.answer()


class Returning(Sync):
    """A plain function that returns a coroutine, which mixes both."""

    @hookimpl
    def gepa_give_feedback(self) -> Awaitable[Feedback | None]:  # type: ignore[override]
        async def later() -> Feedback | None:
            return self.answer()

        return later()


class Silent:
    """Another plugin, without the hook that is looked at."""

    @hookimpl
    def gepa_configure(self) -> None:
        return None


KINDS: list[Callable[..., Sync]] = [Sync, Async, Returning]
rows_of_plugins = st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), max_size=6)


def make(
    chosen: list[tuple[Callable[..., Sync], bool]], builtin: int
) -> tuple[Stages, list[int], list[Sync]]:
    """Stages of such plugins, the last ``builtin`` of them as defaults; the first is number 1."""
    asked: list[int] = []
    plugins = [kind(number, answers, asked) for number, (kind, answers) in enumerate(chosen, start=1)]
    own = plugins[: max(0, len(plugins) - builtin)]
    defaults: dict[str, Any] = {f"default {one.number}": one for one in plugins[len(own) :]}
    manager = PluginManager([Silent(), *own, Silent()], {**defaults, "rest": Silent()})
    return Stages(manager, Workers()), asked, plugins


def expected(plugins: list[Sync]) -> tuple[list[int], int | None]:
    """The numbers that should be asked, and who should answer."""
    answering = [plugin.number for plugin in plugins if plugin.answers]
    first = answering[0] if answering else None
    return [plugin.number for plugin in plugins if first is None or plugin.number <= first], first


@settings(deadline=None)
@given(rows_of_plugins, st.integers(0, 3))
def test_a_slow_hook_stops_at_the_first_answer_whether_sync_or_async(chosen: Any, builtin: int) -> None:
    stages, asked, plugins = make([*chosen, (Sync, True)], builtin)
    feedback = asyncio.run(stages.feedback(EXAMPLE, ROLLOUT))
    should_ask, first = expected(plugins)
    assert asked == should_ask
    assert feedback.score == first


@settings(deadline=None)
@given(rows_of_plugins, st.integers(0, 3))
def test_a_quick_hook_stops_at_the_first_answer(chosen: Any, builtin: int) -> None:
    stages, asked, plugins = make([*chosen, (Sync, True)], builtin)
    accepted = stages.accept(empty_pool(), "mutation", [0.0], [1.0])
    should_ask, first = expected(plugins)
    assert asked == should_ask
    assert accepted == (first is not None and first > 2)


@settings(deadline=None)
@given(rows_of_plugins, st.integers(0, 3))
def test_every_plugin_is_asked_for_a_reason_to_stop_and_the_first_counts(chosen: Any, builtin: int) -> None:
    stages, asked, plugins = make(chosen, builtin)
    reason = stages.stop_reason(empty_pool())
    _, first = expected(plugins)
    assert asked == [plugin.number for plugin in plugins]
    assert reason == ("" if first is None else str(first))


@settings(deadline=None)
@given(rows_of_plugins, st.integers(0, 3))
def test_every_plugin_is_told_in_order(chosen: Any, builtin: int) -> None:
    stages, asked, plugins = make(chosen, builtin)
    stages.notify(Any)  # type: ignore[arg-type]
    assert asked == [plugin.number for plugin in plugins]


@settings(deadline=None)
@given(rows_of_plugins)
def test_the_order_of_the_plugins_is_kept_for_people_too(chosen: Any) -> None:
    asked: list[int] = []
    plugins = [kind(number, answers, asked) for number, (kind, answers) in enumerate(chosen)]
    manager = PluginManager(plugins, {"default": Silent()})
    assert [plugin for _, plugin in manager.plugins[:-1]] == plugins
    names = [name for name, _ in manager.plugins]
    assert len(set(names)) == len(names)


def empty_pool() -> Pool:
    return Pool(State(components=(), train=(EXAMPLE,), val=(), seed=0))
