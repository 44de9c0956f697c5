"""What cannot work as a plugin is refused before anything is spent, and the message says what to do."""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from importlib.metadata import EntryPoint
from typing import Any

import attrs
import pytest

from gepa_core import Member, Pool, Result, hookimpl, manager
from gepa_core.errors import PluginError
from gepa_core.manager import PluginManager, installed_plugins, load_plugin
from gepa_core.presets import PRESETS

Play = Callable[..., Result]


class Best:
    @hookimpl
    def gepa_select_parent(self, pool: Pool) -> Member:
        return pool.best


class Misspelt:
    @hookimpl
    def gepa_select_parrent(self, pool: Pool) -> Member:
        return pool.best


class NoSuchHook:
    @hookimpl
    def gepa_do_everything(self) -> None:
        return None


class NoSuchArgument:
    @hookimpl
    def gepa_select_parent(self, candidates: Any) -> Any:
        return candidates


class KeywordOnly:
    @hookimpl
    def gepa_select_parent(self, *, pool: Pool) -> Member:
        return pool.best


class WithDefault:
    @hookimpl
    def gepa_select_parent(self, pool: Pool, number: int = 0) -> Member:
        return pool.members[number]


class Anything:
    @hookimpl
    def gepa_select_parent(self, **given: Any) -> Any:
        return given["pool"].best


class NoHooks:
    def select_parent(self, pool: Pool) -> Member:
        return pool.best


class NotMarked:
    @hookimpl
    def gepa_notify(self) -> None:
        return None

    def gepa_select_parent(self, pool: Pool) -> Member:
        return pool.best


class AsyncDecision:
    @hookimpl
    async def gepa_select_parent(self, pool: Pool) -> Member:
        return pool.best


class AsyncObserver:
    @hookimpl
    async def gepa_notify(self) -> None:
        return None


class FirstOfAll:
    @hookimpl(tryfirst=True)
    def gepa_select_parent(self, pool: Pool) -> Member:
        return pool.best


class LastOfAll:
    @hookimpl(trylast=True)
    def gepa_select_parent(self, pool: Pool) -> Member:
        return pool.best


class OldWrapper:
    @hookimpl(hookwrapper=True)
    def gepa_capture_trajectory(self) -> Generator[None, Any, None]:
        yield


class WrappedObserver:
    @hookimpl(wrapper=True)
    def gepa_notify(self) -> Generator[None, None, None]:
        return (yield)


class NoGenerator:
    @hookimpl(wrapper=True)
    def gepa_capture_trajectory(self) -> None:
        return None


REFUSED = [
    (Best, r"plugin 'Best' is a class: have you forgotten the '\(\)' after it\?"),
    (Misspelt(), "'Misspelt': there is no hook 'gepa_select_parrent'; did you mean 'gepa_select_parent'"),
    (NoSuchHook(), "there is no hook 'gepa_do_everything'; The hooks are gepa_configure, gepa_unconf"),
    (NoSuchArgument(), r"(?s)'NoSuchArgument' cannot be registered.*'candidates'"),
    (KeywordOnly(), "argument 'pool' of 'gepa_select_parent' would never be filled.*a plain argument"),
    (WithDefault(), "argument 'number' of 'gepa_select_parent' would never be filled.*a plain argument"),
    (Anything(), "argument 'given' of 'gepa_select_parent' would never be filled.*a plain argument"),
    (NoHooks(), "'NoHooks' implements no hook: mark its methods with @hookimpl. The hooks are gepa_conf"),
    (NotMarked(), "'gepa_select_parent' is not marked; write @hookimpl over it"),
    (AsyncDecision(), "gepa_select_parent is async, .* answer at once; write it with 'def'"),
    (AsyncObserver(), "gepa_notify is async, .* answer at once; write it with 'def'"),
    (FirstOfAll(), r"has tryfirst or trylast; the order in plugins=\[…\] decides"),
    (LastOfAll(), r"has tryfirst or trylast; the order in plugins=\[…\] decides"),
    (OldWrapper(), r"is an old-style wrapper; write @hookimpl\(wrapper=True\)"),
    (WrappedObserver(), "gepa_notify is a wrapper, but this hook asks every plugin"),
    (NoGenerator(), "(?s)'NoGenerator' cannot be registered.*not a generator function"),
    (None, "'NoneType' implements no hook"),
    (lambda pool: pool.best, "'<lambda>' implements no hook"),
]


@pytest.mark.parametrize(("plugin", "message"), REFUSED, ids=lambda value: type(value).__name__)
def test_it_is_refused(plugin: Any, message: str) -> None:
    with pytest.raises(PluginError, match=message) as caught:
        PluginManager([plugin], PRESETS["default"]().plugins)
    assert caught.value.plugin == getattr(plugin, "__name__", type(plugin).__name__)


def test_nothing_is_spent_or_stored_when_a_plugin_is_refused(
    play: Play, rules: type[Any], tmp_path: Any
) -> None:
    target = rules()
    with pytest.raises(PluginError, match="forgotten"):
        play(Best, target=target, run_dir=tmp_path / "run")
    assert target.runs == 0
    assert not (tmp_path / "run").exists()


def test_the_same_object_twice_is_refused() -> None:
    plugin = Best()
    with pytest.raises(PluginError, match="plugin 'Best' was given twice, the same object"):
        PluginManager([plugin, plugin], {})


def test_two_objects_of_a_class_are_two_plugins() -> None:
    assert [name for name, _ in PluginManager([Best(), Best()], {}).plugins] == ["Best", "Best#2"]


def test_a_name_that_a_built_in_plugin_has_is_no_conflict() -> None:
    pareto = type("pareto", (Best,), {})
    names = [name for name, _ in PluginManager([pareto()], PRESETS["default"]().plugins).plugins]
    assert names[0] == "pareto#2"
    assert "pareto" in names


def test_equal_plugins_are_refused_with_the_remedy() -> None:
    @attrs.define
    class Equal(Best):
        pass

    with pytest.raises(
        PluginError, match=r"are equal, so they cannot be told apart: write @attrs.define\(eq=F"
    ):
        PluginManager([Equal(), Equal()], {})


def test_one_plugin_that_compares_by_value_is_welcome(play: Play) -> None:
    @attrs.define
    class Single(Best):
        pass

    assert play(Single(), budget=30).proposals


def test_a_module_is_a_plugin(play: Play) -> None:
    module = types.ModuleType("my_strategies")

    @hookimpl
    def gepa_stop_reason(pool: Pool) -> str:
        return f"{module.__name__} after {pool.committed}"

    vars(module)["gepa_stop_reason"] = gepa_stop_reason
    assert play(module).stop_reason == "my_strategies after 0"


def test_a_str_for_the_list_of_plugins_is_refused() -> None:
    with pytest.raises(PluginError, match=r"plugins='softmax' is a str: write plugins=\['softmax'\]"):
        PluginManager("softmax", {})


# names ---------------------------------------------------------------------


class FakeDistribution:
    name = "gepa-strategies"
    version = "1.2.3"


def entry(name: str, value: str) -> EntryPoint:
    point = EntryPoint(name=name, value=value, group=manager.PLUGIN_GROUP)
    vars(point)["dist"] = FakeDistribution()
    return point


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with three plugins, two of which are broken."""
    points = [
        entry("stall", "gepa_core.defaults.deciding:StopWhenStalled"),
        entry("gone", "gepa_core.no_such_module:Plugin"),
        entry("missing", "gepa_core.defaults.deciding:NoSuchClass"),
    ]
    monkeypatch.setattr(manager, "entry_points", lambda group: [one for one in points if one.group == group])


@pytest.mark.usefixtures("installed")
class TestNames:
    def test_installed_plugins_are_listed_without_importing_them(self) -> None:
        assert list(installed_plugins()) == ["stall", "gone", "missing"]

    def test_a_name_stands_for_the_class_with_its_default_options(self) -> None:
        ((name, plugin),) = PluginManager(["stall"], {}).plugins
        assert (name, plugin.free) == ("stall", 50)

    def test_options_are_given_to_the_class(self) -> None:
        assert load_plugin("stall", {"free": 7}).free == 7

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({"fre": 7}, "has no option 'fre'; did you mean 'free'[?] It has 'free'"),
            ({"zzz": 7}, "has no option 'zzz'; it has 'free'"),
            ({"free": 0}, "cannot be loaded: ValueError: .*free"),
        ],
    )
    def test_wrong_options_name_plugin_and_distribution(self, options: dict[str, int], why: str) -> None:
        with pytest.raises(PluginError, match=rf"'stall' of gepa-strategies 1\.2\.3 {why}"):
            load_plugin("stall", options)

    def test_an_unknown_name_lists_what_is_installed(self) -> None:
        with pytest.raises(PluginError, match=r"'softmax'; maybe .* Installed: 'gone', 'missing', 'stall'"):
            PluginManager(["softmax"], {})

    @pytest.mark.parametrize(
        ("name", "why"), [("gone", "ModuleNotFoundError"), ("missing", "AttributeError.*NoSuchClass")]
    )
    def test_a_broken_entry_point_names_its_distribution(self, name: str, why: str) -> None:
        with pytest.raises(
            PluginError, match=f"{name!r} of gepa-strategies 1.2.3 cannot be loaded: {why}"
        ) as caught:
            PluginManager([name], {})
        assert (caught.value.plugin, caught.value.distribution) == (name, "gepa-strategies 1.2.3")

    def test_a_broken_one_that_is_not_named_does_no_harm(self) -> None:
        assert len(PluginManager(["stall", Best()], {}).plugins) == 2


def test_with_nothing_installed_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "entry_points", lambda **_: [])
    with pytest.raises(PluginError, match="Installed: none"):
        PluginManager(["softmax"], {})


def test_no_leaves_a_built_in_plugin_out(play: Play) -> None:
    with_merges, without = play(seed=1, budget=230), play("no:merge", seed=1, budget=230)
    assert "merge" in {proposal.kind for proposal in with_merges.proposals}
    assert {proposal.kind for proposal in without.proposals} == {"seed", "mutation"}


def test_no_with_an_unknown_name_lists_the_built_in_plugins(play: Play) -> None:
    with pytest.raises(
        PluginError, match=r"no built-in plugin is called 'unknown'.*'merge', 'pareto', 'minib"
    ):
        play("no:unknown")


def test_leaving_out_what_is_needed_ends_the_run_with_a_hint(play: Play) -> None:
    with pytest.raises(
        PluginError, match="no plugin answered 'gepa_select_parent': was its default left out"
    ):
        play("no:pareto")
