"""The walk reaches a text however it is held, once, without running the app's code."""

from __future__ import annotations

import dataclasses
import enum
import functools
import subprocess
import sys
import threading
import types
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from gepa_core.appgraph import Graph, Hop, Policy, walk

GLOBAL_TEXT = {"prompt": "MARK global"}


class Marks(Policy):
    """Every text with a mark in it is a site."""

    def is_site(self, hop: Hop, text: str) -> bool:
        del hop
        return text.startswith("MARK")


class Plain:
    """An object with an attribute, as an app's own class."""

    shared = "MARK class"

    def __init__(self, text: object) -> None:
        self.text = text

    def method(self) -> object:
        return self.text

    @property
    def exploding(self) -> str:
        raise AssertionError("no property may be read")


class Slotted:
    __slots__ = ("empty", "text")

    def __init__(self, text: str) -> None:
        self.text = text


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    text: str


@attrs.frozen
class AttrsFrozen:
    text: str


class Level(enum.Enum):
    HIGH = "MARK enum"


def _closure(text: str) -> Callable[[], str]:
    return lambda: text


def _default(text: str = "MARK default", *, other: str = "MARK keyword") -> str:
    return text + other


def _reads_global() -> str:
    def inner() -> str:
        return GLOBAL_TEXT["prompt"]

    return inner()


def _found(root: object) -> list[tuple[str, str]]:
    return [(site.source, site.text.removeprefix("MARK ")) for site in walk(root, Marks()).sites]


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ([{"a": ("MARK x",)}], [("[0]['a'][0]", "x")]),
        ({frozenset({Frozen("MARK x")}): 1, "k": {Frozen("MARK y")}}, [("['k'][0].text", "y")]),
        (deque(["MARK x"]), [("[0]", "x")]),
        (OrderedDict(a="MARK x"), [("['a']", "x")]),
        (types.MappingProxyType({"a": "MARK x"}), [("['a']", "x")]),
        (types.SimpleNamespace(a="MARK x"), [("a", "x")]),
        (Slotted("MARK x"), [("text", "x")]),
        (AttrsFrozen("MARK x"), [("text", "x")]),
        (Plain("MARK x"), [("text", "x"), ("shared", "class")]),
        (_closure("MARK x"), [("closure['text']", "x")]),
        (_default, [("__defaults__[0]", "default"), ("__kwdefaults__['other']", "keyword")]),
        (_reads_global, [("globals['GLOBAL_TEXT']['prompt']", "global")]),
        (functools.partial(print, "MARK x", end="MARK y"), [("args[0]", "x"), ("keywords['end']", "y")]),
        ([Slotted("MARK x")].append, [("__self__[0].text", "x")]),
    ],
)
def test_every_way_of_holding_a_text(root: object, expected: list[tuple[str, str]]) -> None:
    assert _found(root) == expected


def test_a_bound_method_leads_to_its_object() -> None:
    assert ("__self__.text", "x") in _found(Plain("MARK x").method)


def test_a_cycle_ends_and_each_object_is_visited_once() -> None:
    loop: dict[str, Any] = {"text": Plain("MARK x")}
    loop["self"] = loop
    loop["again"] = [loop["text"], loop]
    assert [source for source, _ in _found(loop)] == ["['text'].text", "['text'].shared"]


@pytest.mark.parametrize(
    "root",
    [Level.HIGH, threading.Lock(), Plain, types, 3, [b"MARK"], iter(["MARK x"]), threading.local()],
)
def test_what_is_opaque_is_not_looked_into(root: object) -> None:
    assert walk([root], Marks()).sites == []


def test_a_large_container_is_data() -> None:
    assert _found(["MARK x"] * 3_000) == []


def test_installed_code_does_not_lead_to_its_module() -> None:
    assert _keys(walk(pytest.raises, Marks()), "global") == []


def test_an_attribute_that_is_computed_is_not_followed() -> None:
    class Cached(Marks):
        def cached(self, owner: object) -> tuple[str, ...]:
            return ("text",) if isinstance(owner, Plain) else ()

    assert [site.source for site in walk(Plain("MARK x"), Cached()).sites] == ["shared"]


def test_a_huge_graph_is_cut() -> None:
    assert walk([[number] for number in range(100)], Marks(), max_objects=50).cut


def test_the_path_names_each_owner() -> None:
    inner = Slotted("MARK x")
    (site,) = walk({"a": [inner]}, Marks()).sites
    assert [type(hop.owner) for hop in site.hop.path] == [dict, list, Slotted]
    assert site.owner is inner


def _keys(graph: Graph, kind: str) -> list[object]:
    return [edge.key for node in graph.nodes.values() for edge, _ in node.edges if edge.kind == kind]


class Proxy:
    """Pretends to be a list."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return list


def test_a_proxy_is_passed_over() -> None:
    assert _found([Proxy(), "MARK x"]) == [("[1]", "x")]


def test_it_imports_no_framework() -> None:
    code = "import sys, gepa_core.appgraph; print([m for m in sys.modules if m.startswith('langchain')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


def test_texts_in_a_set_are_in_the_order_of_the_alphabet() -> None:
    texts = {f"MARK {letter}" for letter in "zyxwvutsrqponm"}
    assert [site.text for site in walk({"k": texts}, Marks()).sites] == sorted(texts)
