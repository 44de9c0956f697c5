"""Copies of classes whose objects an app makes: other texts and variables, and no one else notices."""

from __future__ import annotations

import abc
import enum
import functools
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import attrs
import pytest

from gepa_core.appgraph import Hop, Policy, copy_with, walk
from gepa_core.appgraph.classes import can_differ
from gepa_core.appgraph.copying import path_copy

T = TypeVar("T")
PREFIX = {"text": "before"}


@attrs.define(eq=False, kw_only=True)
class Following(Policy):
    shares_globals: bool = True

    def is_opaque(self, value: object) -> bool:
        return not self.follows_type(value) if isinstance(value, type) else super().is_opaque(value)

    def is_site(self, hop: Hop, text: str) -> bool:
        del hop
        return text.startswith("Be ")

    def follows_type(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__) and can_differ(kind)


class Base(abc.ABC):
    tone = "Be brief."

    @abc.abstractmethod
    def said(self) -> str: ...

    @classmethod
    def named(cls) -> str:
        return f"{cls.__name__} {PREFIX['text']}"


class Speaker(Base):
    __slots__ = ("count",)

    def __init__(self, mood: str = "Be glad.") -> None:
        self.count = mood

    def said(self) -> str:
        return f"{self.count} {self.tone} {self.of_all()} {self.ready} {PREFIX['text']}"

    @staticmethod
    def of_all() -> str:
        return PREFIX["text"]

    @property
    def ready(self) -> str:
        return PREFIX["text"]

    def twin(self) -> Speaker:
        return Speaker()


OLD = Speaker()


def app() -> tuple[str, str, bool, bool, bool]:
    made = Speaker()
    same = isinstance(OLD, Speaker) and issubclass(Speaker, Base) and isinstance(made, Base)
    return made.said(), Speaker.named(), same, type(made.twin()) is Speaker, Speaker.__name__ == "Speaker"


def test_texts_of_a_class_its_bases_and_its_constructor_are_found_and_changed() -> None:
    graph = walk(app, Following())
    assert sorted({site.text for site in graph.sites}) == ["Be brief.", "Be glad."]
    changed = copy_with(graph, {site: site.text.upper() for site in graph.sites}, Following())
    assert changed()[0].startswith("BE GLAD. BE BRIEF.")
    assert app()[0].startswith("Be glad. Be brief.")


def test_what_its_methods_read_from_the_module_is_changed_too() -> None:
    graph = walk(app, Following())
    changed = path_copy(graph, {}, Following(), replaced={id(PREFIX): {"text": "after"}}).root
    assert changed() == ("Be glad. Be brief. after after after", "Speaker after", True, True, True)
    assert app() == ("Be glad. Be brief. before before before", "Speaker before", True, True, True)


def test_a_copy_can_be_copied() -> None:
    policy = Following()
    first = path_copy(walk(app, policy), {}, policy, replaced={id(PREFIX): {"text": "after"}}).root
    graph = walk(first, policy)
    second = copy_with(graph, {site: "Be long." for site in graph.sites if site.text == "Be brief."}, policy)
    assert second()[0] == "Be glad. Be long. after after after"
    assert second()[2:] == (True, True, True)
    assert first()[0] == "Be glad. Be brief. after after after"


def test_a_class_that_need_not_differ_is_shared() -> None:
    graph = walk(app, Following())
    assert copy_with(graph, {}, Following()).__globals__["Speaker"] is Speaker


class Colour(enum.Enum):
    RED = "Be red."


class Lost(Exception):
    pass


class Noticing:
    def __init_subclass__(cls, **options: Any) -> None:
        raise AssertionError("a class was derived from it")


class Point(NamedTuple):
    x: int


class Shape(Protocol):
    pass


class Box(Generic[T]):
    pass


@pytest.mark.parametrize(
    ("kind", "can"),
    [
        (Speaker, True),
        (Point, True),
        (functools.partial, True),
        (Colour, False),
        (Lost, False),
        (Noticing, False),
        (Shape, False),
        (Box, False),
    ],
)
def test_which_classes_can_differ(kind: type, can: bool) -> None:
    assert can_differ(kind) == can
