"""Texts behind `__call__`, properties, other modules and caches, and copies that are wrapped."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from gepa_core.appgraph import Hop, Policy, copy_with, path_copy, walk

SYSTEM = "MARK system"
OTHER = "MARK other"


@pytest.fixture(autouse=True)
def prompts_module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Another module of the app, as ``import prompts`` binds it."""
    module = types.ModuleType("prompts_of_the_app")
    module.SYSTEM = "MARK elsewhere"  # type: ignore[attr-defined]
    module.unread = "MARK unread"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(globals(), "prompts", module)
    return module


class Marks(Policy):
    def is_site(self, hop: Hop, text: str) -> bool:
        del hop
        return text.startswith("MARK")

    def follows_methods(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__)

    follows_special = follows_methods

    def follows_module(self, module: types.ModuleType) -> bool:
        return self.is_apps_own(module.__name__)


class Agent:
    def __init__(self) -> None:
        self.name = "x"

    def __call__(self) -> str:
        return f"{SYSTEM} {self.name}"

    @property
    def other(self) -> str:
        return OTHER

    @staticmethod
    def plain() -> str:
        return SYSTEM

    @functools.cached_property
    def late(self) -> str:
        return OTHER


def _all_new(app: Any, policy: Policy | None = None) -> Any:
    policy = policy or Marks()
    graph = walk(app, policy)
    return copy_with(graph, {site: site.text.replace("MARK", "NEW") for site in graph.sites}, policy)


def test_special_methods_are_found_and_changed_in_a_class_of_the_copy() -> None:
    app = Agent()
    copy = _all_new(app)
    assert (copy(), copy.other, copy.plain(), copy.late) == (
        "NEW system x",
        "NEW other",
        "NEW system",
        "NEW other",
    )
    assert isinstance(copy, Agent)
    assert type(copy).__qualname__ == "Agent"
    assert (app(), app.other, app.plain(), app.late) == (
        "MARK system x",
        "MARK other",
        "MARK system",
        "MARK other",
    )
    assert Agent()() == "MARK system x"


def test_what_a_cached_property_has_computed_is_computed_anew_in_a_copy() -> None:
    app = Agent()
    assert app.late == "MARK other"
    assert _all_new(app).late == "NEW other"
    assert app.late == "MARK other"


def test_a_copy_of_a_copy_leaves_the_first_copy_as_it_is() -> None:
    first = _all_new(Agent())
    policy = Marks()
    policy.is_site = lambda hop, text: text.startswith("NEW")  # type: ignore[method-assign]  # noqa: ARG005
    graph = walk(first, policy)
    second = copy_with(graph, dict.fromkeys(graph.sites, "second"), policy)
    assert (second.other, first.other) == ("second", "NEW other")


def test_special_methods_are_left_out_unless_asked_for() -> None:
    class Plain(Marks):
        def follows_special(self, kind: type) -> bool:
            del kind
            return False

    assert walk(Agent(), Plain()).sites == []


def _reads_elsewhere() -> str:
    return str(prompts.SYSTEM)  # type: ignore[name-defined]  # noqa: F821


def test_what_a_function_reads_from_another_module_is_changed_for_the_copy_alone(
    prompts_module: types.ModuleType,
) -> None:
    graph = walk(_reads_elsewhere, Marks())
    assert [site.source for site in graph.sites] == ["globals['prompts'].SYSTEM"]
    assert _all_new(_reads_elsewhere)() == "NEW elsewhere"
    assert _reads_elsewhere() == "MARK elsewhere"
    assert vars(prompts_module)["SYSTEM"] == "MARK elsewhere"


def test_the_rest_of_a_replaced_module_is_live(prompts_module: types.ModuleType) -> None:
    def both() -> tuple[str, str]:
        return prompts.SYSTEM, prompts.unread  # type: ignore[name-defined]  # noqa: F821

    class NotUnread(Marks):
        def is_site(self, hop: Hop, text: str) -> bool:
            return super().is_site(hop, text) and "unread" not in str(hop.edge.key)

    copy = _all_new(both, NotUnread())
    prompts_module.unread = "changed later"  # type: ignore[attr-defined]
    assert copy() == ("NEW elsewhere", "changed later")


def test_a_cache_around_a_changed_function_is_new_and_empty() -> None:
    @functools.lru_cache(maxsize=7)
    def cached(question: str) -> str:
        return f"{SYSTEM}: {question}"

    def app(question: str) -> str:
        return cached(question)

    assert app("why") == "MARK system: why"
    copy = _all_new(app)
    assert copy("why") == "NEW system: why"
    assert app("why") == "MARK system: why"
    assert cached.cache_parameters()["maxsize"] == 7


def _imports_in_its_ways() -> list[str]:
    import prompts_of_the_app  # type: ignore[import-not-found]
    import prompts_of_the_app as short
    from prompts_of_the_app import SYSTEM as IMPORTED

    def inside() -> str:
        return str(short.SYSTEM)

    return [prompts_of_the_app.SYSTEM, IMPORTED, inside(), short.unread.partition(" ")[2]]


@pytest.mark.parametrize("shares_globals", [False, True])
def test_what_a_function_imports_itself_is_changed_for_the_copy_alone(shares_globals: bool) -> None:
    copy = _all_new(_imports_in_its_ways, Marks(shares_globals=shares_globals))
    assert copy() == ["NEW elsewhere", "NEW elsewhere", "NEW elsewhere", "unread"]
    assert _imports_in_its_ways() == ["MARK elsewhere", "MARK elsewhere", "MARK elsewhere", "unread"]
    sources = [site.source for site in walk(_imports_in_its_ways, Marks()).sites]
    assert sources == ["prompts_of_the_app.SYSTEM", "prompts_of_the_app.unread"]


def test_a_copy_imports_what_is_relative_to_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    package, inner = types.ModuleType("package_of_the_app"), types.ModuleType("package_of_the_app.texts")
    vars(package).update(texts=inner, __path__=[])
    vars(inner)["SYSTEM"] = "MARK inner"
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, inner.__name__, inner)
    module = {"__name__": "package_of_the_app.main", "__package__": "package_of_the_app"}
    exec("def app():\n    from .texts import SYSTEM\n    return SYSTEM", module)
    app: Any = module["app"]
    copy = _all_new(app)
    assert (copy(), app()) == ("NEW inner", "MARK inner")


def test_a_copy_of_a_copy_leaves_the_first_copys_modules_as_they_are(
    prompts_module: types.ModuleType,
) -> None:
    first = _all_new(_reads_elsewhere)

    class New(Marks):
        def is_site(self, hop: Hop, text: str) -> bool:
            del hop
            return text.startswith("NEW")

    graph = walk(first, New())
    second = copy_with(graph, dict.fromkeys(graph.sites, "SECOND elsewhere"), New())
    assert (second(), first()) == ("SECOND elsewhere", "NEW elsewhere")
    assert _reads_elsewhere() == "MARK elsewhere"
    assert vars(prompts_module)["SYSTEM"] == "MARK elsewhere"


def test_modules_inside_of_packages_are_reached_by_import(monkeypatch: pytest.MonkeyPatch) -> None:
    package, inner = types.ModuleType("package_of_the_app"), types.ModuleType("package_of_the_app.texts")
    vars(package).update(texts=inner, __path__=[])
    vars(inner)["SYSTEM"] = "MARK inner"
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, inner.__name__, inner)

    def by_package() -> str:
        import package_of_the_app.texts  # type: ignore[import-not-found]

        return str(package_of_the_app.texts.SYSTEM)

    def by_name() -> str:
        from package_of_the_app import texts

        return str(texts.SYSTEM)

    def itself() -> str:
        from package_of_the_app.texts import SYSTEM

        return str(SYSTEM)

    for function in (by_package, by_name, itself):
        assert _all_new(function)() == "NEW inner"
        assert function() == "MARK inner"


def _first() -> str:
    return f"{SYSTEM} {_second()}"


def _second() -> str:
    return SYSTEM


def test_functions_of_a_module_can_share_what_is_replaced() -> None:
    policy = Marks(shares_globals=True)
    graph = walk(_first, policy)
    first = next(site for site in graph.sites if site.owner is _first)
    second = next(site for site in graph.sites if site.owner is _second)
    copy = copy_with(graph, {first: "NEW", second: "NEW"}, policy)
    assert copy() == "NEW NEW"
    assert copy.__globals__ is copy.__globals__["_second"].__globals__
    assert _first() == "MARK system MARK system"


def test_a_copy_can_be_wrapped() -> None:
    def shout(function: Callable[[], str]) -> Callable[[], str]:
        return lambda: function().upper()

    policy = Marks()
    graph = walk(_first, policy)
    second = next(site for site in graph.sites if site.owner is _second)
    copied = path_copy(graph, {second: "new"}, policy, wrapped={id(_second): shout}).root
    assert copied() == "MARK system NEW"
