"""A path copy differs in the changed texts, shares all else, and leaves the original as it was."""

from __future__ import annotations

import dataclasses
import functools
import threading
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gepa_core.appgraph import CannotCopy, Hop, Policy, copy_with, copyable, walk

PROMPTS = {"a": "MARK module"}
CALLS: list[str] = []


class Marks(Policy):
    def is_site(self, hop: Hop, text: str) -> bool:
        del hop
        return text.startswith("MARK")


POLICY = Marks()


class Client:
    """Something that must be shared: it cannot be copied at all."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __copy__(self) -> Client:
        raise AssertionError("a client was copied")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise AssertionError("a client was copied")


class App:
    greeting = "MARK class"

    def __init__(self, text: str, client: Client) -> None:
        self.text = text
        self.client = client
        self.parts: list[Any] = []

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__:
            raise AssertionError("the copy must not run the app's code")
        super().__setattr__(name, value)

    def say(self) -> str:
        return f"{self.text} {self.greeting}"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    text: str
    client: object = None


@attrs.frozen
class AttrsFrozen:
    text: str


class Pair(NamedTuple):
    text: str
    other: object


class Words(dict[str, str]):
    extra: object = None


def read_module() -> str:
    CALLS.append("called")
    return PROMPTS["a"] + (read_module.__name__ if len(CALLS) < 0 else "")


def even(number: int) -> str:
    return PROMPTS["a"] if number == 0 else odd(number - 1)


def odd(number: int) -> str:
    return "odd" if number == 0 else even(number - 1)


def changed(root: Any) -> Any:
    """A copy with each mark replaced by the word NEW and its own text."""
    graph = walk(root, POLICY)
    return copy_with(graph, {site: site.text.replace("MARK", "NEW") for site in graph.sites}, POLICY)


def closure_of(text: str, client: Client) -> Callable[[], tuple[str, Client]]:
    def inner() -> tuple[str, Client]:
        return text, client

    inner.note = "kept"  # type: ignore[attr-defined]
    return inner


@pytest.mark.parametrize(
    ("make", "read"),
    [
        (lambda: ["MARK"], lambda copy: copy[0]),
        (lambda: {"a": {"b": "MARK"}}, lambda copy: copy["a"]["b"]),
        (lambda: ("x", ["MARK"]), lambda copy: copy[1][0]),
        (lambda: Pair("MARK", 1), lambda copy: copy.text),
        (lambda: deque(["MARK"], 3), lambda copy: copy[0]),
        (lambda: OrderedDict(b="x", a="MARK"), lambda copy: list(copy.values())[1]),
        (lambda: defaultdict(str, a="MARK"), lambda copy: copy["a"] + copy["z"]),
        (lambda: Words(a="MARK"), lambda copy: copy["a"]),
        (lambda: types.MappingProxyType({"a": "MARK"}), lambda copy: copy["a"]),
        (lambda: types.SimpleNamespace(a="MARK"), lambda copy: copy.a),
        (lambda: {Frozen("MARK")}, lambda copy: next(iter(copy)).text),
        (lambda: frozenset({Frozen("MARK")}), lambda copy: next(iter(copy)).text),
        (lambda: Frozen("MARK"), lambda copy: copy.text),
        (lambda: AttrsFrozen("MARK"), lambda copy: copy.text),
        (lambda: App("MARK", Client()), lambda copy: copy.text),
        (lambda: functools.partial(str.upper, "MARK"), lambda copy: copy()),
        (lambda: functools.partial(dict, a="MARK"), lambda copy: copy()["a"]),
        (lambda: closure_of("MARK", Client()), lambda copy: copy()[0]),
    ],
)
def test_each_kind_of_holder(make: Callable[[], Any], read: Callable[[Any], object]) -> None:
    original = make()
    copy = changed(original)
    assert read(copy) == "NEW"
    assert read(original) == "MARK"
    assert type(copy) is type(original)


def test_only_the_path_is_copied() -> None:
    client, quiet = Client(), ["quiet"]
    app = App("MARK", client)
    app.parts.extend([quiet, Frozen("MARK inner", client)])
    copy = changed(app)
    assert copy.client is client
    assert copy.parts is not app.parts
    assert copy.parts[0] is quiet
    assert copy.parts[1].client is client


def test_a_shared_object_stays_shared() -> None:
    shared = ["MARK"]
    copy = changed([shared, {"again": shared}])
    assert copy[0] is copy[1]["again"]
    assert copy[0] is not shared


def test_nothing_to_change_still_gives_a_shell_of_the_root() -> None:
    app = App("plain", Client())
    copy = copy_with(walk(app, POLICY), {}, POLICY)
    assert copy is not app
    assert copy.parts is app.parts


def test_a_class_attribute_is_shadowed_in_the_copy_only() -> None:
    app = App("MARK", Client())
    assert changed(app).say() == "NEW NEW class"
    assert app.say() == "MARK MARK class"
    assert App.greeting == "MARK class"


def test_a_bound_method_is_bound_to_the_copy() -> None:
    app = App("MARK", Client())
    assert changed(app.say)() == "NEW NEW class"
    assert app.say() == "MARK MARK class"


def test_a_closure_keeps_its_attributes_and_shares_the_rest() -> None:
    client = Client()
    original = closure_of("MARK", client)
    copy = changed(original)
    assert copy() == ("NEW", client)
    assert copy.note == "kept"
    assert copy.__globals__ is original.__globals__
    assert original() == ("MARK", client)


def test_closures_that_share_a_variable_still_share_it() -> None:
    count = 0
    text = "MARK"

    def add() -> str:
        nonlocal count
        count += 1
        return text

    def read() -> tuple[int, str]:
        return count, text

    add_copy, read_copy = changed((add, read))
    assert add_copy() == "NEW"
    assert read_copy() == (1, "NEW")


def test_recursive_closures() -> None:
    text = "MARK"

    def down(number: int) -> str:
        return text if number == 0 else down(number - 1)

    assert changed(down)(3) == "NEW"
    assert down(3) == "MARK"


def test_a_function_reads_the_new_module_variable_and_live_others() -> None:
    CALLS.clear()
    copy = changed(read_module)
    assert copy() == "NEW module"
    assert CALLS == ["called"]
    assert read_module() == "MARK module"
    assert PROMPTS == {"a": "MARK module"}


def test_functions_that_call_each_other_by_module_names() -> None:
    assert changed(even)(4) == "NEW module"
    assert even(4) == "MARK module"


def test_a_function_that_holds_itself() -> None:
    original = closure_of("MARK", Client())
    original.me = original  # type: ignore[attr-defined]
    copy = changed(original)
    assert copy.me is copy


def test_a_tuple_on_a_cycle() -> None:
    entry: list[Any] = ["MARK"]
    root = (entry,)
    entry.append(root)
    copy = changed(root)
    assert copy[0][0] == "NEW"
    assert copy[0][1] is copy


def test_computed_attributes_are_dropped() -> None:
    class Cached(Marks):
        def cached(self, owner: object) -> tuple[str, ...]:
            return ("total",) if isinstance(owner, App) else ()

    app = App("MARK", Client())
    app.__dict__["total"] = "stale"
    graph = walk(app, Cached())
    copy = copy_with(graph, {graph.sites[0]: "NEW"}, Cached())
    assert "total" not in copy.__dict__
    assert app.__dict__["total"] == "stale"


def test_what_cannot_be_copied_is_said() -> None:
    class Broken(ValueError):
        pass

    error = Broken()
    error.text = "MARK"  # type: ignore[attr-defined]
    graph = walk([error], POLICY)
    assert "Broken cannot be copied" in copyable(graph, graph.sites[0], POLICY)
    with pytest.raises(CannotCopy):
        changed([error])


def test_a_very_deep_graph_is_refused_and_not_a_crash() -> None:
    root: list[Any] = ["MARK"]
    for _ in range(5_000):
        root = [root]
    graph = walk(root, POLICY)
    assert "too long" in copyable(graph, graph.sites[0], POLICY)


_leaves = st.sampled_from(["MARK 1", "MARK 2", "other"]) | st.integers()
_graphs = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=4)
        | st.builds(Frozen, inner, inner)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=20,
)


@given(st.lists(_graphs, max_size=4))
def test_the_copy_equals_a_rebuilt_value(root: list[Any]) -> None:
    before = repr(root)
    assert repr(changed(root)) == before.replace("MARK", "NEW")
    assert repr(root) == before
