"""Plugins that fail while a run is going on: who is named, and what is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from gepa_core import Member, Pool, Result, hookimpl, manager
from gepa_core.errors import PluginError
from gepa_core.store import Store

Play = Callable[..., Result]


class FailsAtThree:
    @hookimpl
    def gepa_select_parent(self, pool: Pool, number: int) -> Member:
        if number == 3:
            raise ZeroDivisionError("no temperature")
        return pool.best


def test_a_decision_that_raises_ends_the_run_and_everything_is_kept(play: Play, tmp_path: Any) -> None:
    with pytest.raises(
        PluginError, match="plugin 'FailsAtThree': gepa_select_parent raised ZeroDivisionError: no"
    ) as e:
        play(FailsAtThree(), run_dir=tmp_path / "run")
    assert isinstance(e.value.__cause__, ZeroDivisionError)
    store = Store.read(tmp_path / "run")
    kept = [proposal.number for proposal in store.proposals()]
    store.close()
    assert kept == [0, 1, 2]


def test_the_run_goes_on_from_there_when_the_plugin_is_mended(
    play: Play, rules: type[Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PluginError):
        play(FailsAtThree(), run_dir=tmp_path / "run")
    monkeypatch.setattr(FailsAtThree, "gepa_select_parent", hookimpl(lambda _, pool: pool.best))
    target = rules()
    mended = play(FailsAtThree(), run_dir=tmp_path / "run", target=target)
    unbroken = play(FailsAtThree())
    assert mended.proposals == unbroken.proposals
    assert target.runs < unbroken.cost.total_rollouts


def test_an_installed_plugin_is_named_with_its_distribution(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Point:
        name, value = "fails", "gepa_fails:FailsAtThree"

        class dist:  # noqa: N801
            name = "gepa-fails"
            version = "0.3"

        def load(self) -> type[FailsAtThree]:
            return FailsAtThree

    monkeypatch.setattr(manager, "entry_points", lambda **_: [Point()])
    with pytest.raises(
        PluginError, match=r"plugin 'fails' of gepa-fails 0\.3: gepa_select_parent raised"
    ) as caught:
        play("fails")
    assert (caught.value.plugin, caught.value.distribution) == ("fails", "gepa-fails 0.3")


def test_one_that_only_has_the_name_of_an_installed_plugin_is_not_taken_for_it(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Point:
        name, value = "FailsAtThree", "gepa_innocent:FailsAtThree"

        class dist:  # noqa: N801
            name = "gepa-innocent"
            version = "0.3"

    monkeypatch.setattr(manager, "entry_points", lambda **_: [Point()])
    with pytest.raises(PluginError) as caught:
        play(FailsAtThree())
    assert caught.value.distribution == ""
    assert "innocent" not in str(caught.value)


# observers -----------------------------------------------------------------


def test_an_observer_that_fails_is_passed_over_and_logged(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    @attrs.define(eq=False)
    class Observer:
        fails: bool
        heard: int = attrs.field(default=0, init=False)

        @hookimpl
        def gepa_notify(self) -> None:
            self.heard += 1
            if self.fails:
                raise OSError("disk full")

        @hookimpl
        def gepa_unconfigure(self) -> None:
            if self.fails:
                raise OSError("disk still full")

    first, last = Observer(fails=True), Observer(fails=False)
    with caplog.at_level(logging.WARNING, logger="gepa_core"):
        result = play(first, last, budget=40)
    assert first.heard == last.heard > 20
    assert result.proposals == play(budget=40).proposals
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "plugin 'Observer': gepa_notify raised OSError: disk full; it is passed over"
    assert messages[-1].startswith("plugin 'Observer': gepa_unconfigure raised OSError: disk still full")
    assert len(messages) == 2, "once for each hook"


def test_an_observer_that_returns_something_to_await_is_logged(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    class Deferred:
        @hookimpl
        def gepa_notify(self) -> Any:
            async def later() -> None:
                return None

            return later()

    play(Deferred(), budget=30)
    assert "returned something to await, but this hook has to answer at once" in caplog.text
