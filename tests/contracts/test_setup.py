"""`gepa_configure` and `gepa_unconfigure`: once each, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import Budget, Example, Member, Pool, Result, Rollout, aoptimize, hookimpl
from gepa_core.errors import BudgetTooSmall, GepaError, MetricError, PluginError, RunMismatch, SystemFailed

Play = Callable[..., Result]


@attrs.define(eq=False)
class Log:
    """Writes down when it is set up and taken down."""

    calls: list[tuple[str, Any]] = attrs.field(factory=list, init=False)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    @hookimpl
    def gepa_configure(self, pool: Pool, run_dir: str) -> None:
        self.calls.append(("configure", run_dir))
        assert pool.committed == -1
        assert [component.name for component in pool.components] == ["plan", "act"]
        assert (len(pool.members), len(pool.proposals), pool.spent) == (0, 0, 0)

    @hookimpl
    def gepa_unconfigure(self, pool: Pool, reason: str) -> None:
        self.calls.append(("unconfigure", (len(pool.members), reason)))


class Breaks(Log):
    @hookimpl
    def gepa_configure(self, pool: Pool, run_dir: str) -> None:
        raise OSError(f"no room in {run_dir} for {pool.committed}")


def test_each_is_called_once(play: Play) -> None:
    log = Log()
    result = play(log)
    accepted = sum(proposal.status == "accepted" for proposal in result.proposals)
    assert log.calls == [
        ("configure", str(result.run_dir)),
        ("unconfigure", (accepted, result.stop_reason)),
    ]


def test_once_more_when_the_run_goes_on(play: Play) -> None:
    log = Log()
    first = play(log, budget=40)
    play(log, budget=80, run_dir=first.run_dir)
    assert log.names == ["configure", "unconfigure"] * 2


def broken_metric(row: Any, output: Any) -> float:
    raise ValueError(row, output)


class Failing:
    @hookimpl
    def gepa_capture_trajectory(self) -> Rollout:
        return Rollout(error=ValueError("always"))


class Undecided:
    @hookimpl
    def gepa_stop_reason(self) -> str:
        raise LookupError("who knows")


@pytest.mark.parametrize(
    ("plugins", "settings", "error", "members"),
    [
        ([], {"metric": broken_metric}, MetricError, 0),
        ([Failing()], {}, SystemFailed, 0),
        ([Undecided()], {}, PluginError, 1),
    ],
)
def test_also_after_an_error(
    play: Play, plugins: list[Any], settings: dict[str, Any], error: type[GepaError], members: int
) -> None:
    log = Log()
    with pytest.raises(error):
        play(log, *plugins, **settings)
    assert log.names == ["configure", "unconfigure"]
    assert log.calls[1] == ("unconfigure", (members, "an error"))


def test_neither_when_the_call_is_refused(play: Play) -> None:
    log = Log()
    with pytest.raises(BudgetTooSmall):
        play(log, budget=3)
    assert log.calls == []


def test_one_that_was_not_set_up_is_not_taken_down(play: Play, rules: type[Any]) -> None:
    first, broken, later, target = Log(), Breaks(), Log(), rules()
    with pytest.raises(PluginError, match="plugin 'Breaks': gepa_configure raised OSError: no room in"):
        play(first, broken, later, target=target)
    assert first.names == ["configure", "unconfigure"]
    assert (broken.names, later.names) == ([], [])
    assert target.runs == 0


def test_one_without_set_up_is_taken_down(play: Play) -> None:
    class Last:
        reasons: list[str] = []  # noqa: RUF012

        @hookimpl
        def gepa_unconfigure(self, reason: str) -> None:
            self.reasons.append(reason)

    with pytest.raises(PluginError):
        play(Last(), Breaks())
    assert Last.reasons == ["an error"]


def test_also_when_the_caller_cancels(rules: type[Any], tmp_path: Path) -> None:
    log, started = Log(), asyncio.Event()

    class Slow:
        @hookimpl
        async def gepa_capture_trajectory(self, example: Example) -> None:
            started.set()
            await asyncio.sleep(0.05 if example.split == "val" else 0)

    async def cancelled() -> None:
        work = aoptimize(
            rules(),
            trainset=[1, 2, 3],
            metric=lambda row, output: output + 0 * row,
            reflection_lm=lambda prompt: prompt,
            budget=Budget(rollouts=100),
            plugins=[log, Slow()],
            run_dir=tmp_path / "run",
        )
        task = asyncio.create_task(work)
        await asyncio.wait_for(started.wait(), timeout=30)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert log.names == ["configure", "unconfigure"]


def test_state_that_a_plugin_gathers_does_not_keep_a_run_from_going_on(play: Play) -> None:
    @attrs.define(eq=False)
    class Greedy:
        chosen: list[int] = attrs.field(factory=list, init=False)

        @hookimpl
        def gepa_select_parent(self, pool: Pool) -> Member:
            self.chosen.append(pool.best.index)
            return pool.best

    greedy = Greedy()
    first = play(greedy, budget=40)
    assert greedy.chosen
    again = play(greedy, budget=60, run_dir=first.run_dir)
    assert again.proposals[: len(first.proposals)] == first.proposals


def test_other_options_do(play: Play) -> None:
    @attrs.define(eq=False)
    class Seldom:
        every: int

        @hookimpl
        def gepa_merge_candidates(self, number: int) -> None:
            assert number >= self.every

    first = play(Seldom(0), budget=40)
    with pytest.raises(RunMismatch, match=r"plugin 'Seldom': .*every.* 0.*every.* 1"):
        play(Seldom(1), budget=60, run_dir=first.run_dir)
