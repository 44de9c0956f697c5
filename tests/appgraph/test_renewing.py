"""Copies in which objects with state are new, methods that read module variables, and templates that
have no escaping."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gepa_core.appgraph import Hop, Policy, TemplateGuard, copy_with, path_copy, walk
from gepa_core.errors import ConfigurationError

GREETING = "MARK greeting"


class Marks(Policy):
    def is_site(self, hop: Hop, text: str) -> bool:
        del hop
        return text.startswith("MARK")

    def follows_methods(self, kind: type) -> bool:
        return self.is_apps_own(kind.__module__)

    def follows(self, hop: Hop, held: object) -> bool:
        del held
        return hop.edge.key != "secret"


class Model:
    def __init__(self) -> None:
        self.client = threading.Lock()
        self.secret = ["MARK hidden"]


class Greeter:
    def __init__(self) -> None:
        self.model = Model()
        self.memory = ["a"]

    def greet(self) -> str:
        return self.polite()

    def polite(self) -> str:
        return GREETING

    def __call__(self) -> str:
        return GREETING


def test_a_module_variable_read_by_a_method_is_found_and_changed_in_the_copy_alone() -> None:
    app, policy = Greeter(), Marks()
    graph = walk(app, policy)
    [site] = graph.sites
    copy: Any = copy_with(graph, {site: "MARK new"}, policy)
    assert copy.greet() == "MARK new"
    assert copy.polite.__self__ is copy
    assert type(copy) is Greeter
    assert app.greet() == GREETING


def test_methods_are_left_out_unless_the_policy_wants_them() -> None:
    class Plain(Policy):
        def is_site(self, hop: Hop, text: str) -> bool:
            del hop
            return text.startswith("MARK g")

    assert walk(Greeter(), Plain()).sites == []


def test_what_is_not_followed_is_neither_searched_nor_copied() -> None:
    app, policy = Greeter(), Marks()
    graph = walk(app, policy)
    assert id(app.model.secret) not in graph.nodes
    copy = path_copy(graph, {}, policy, renewed=[app.model]).root
    assert copy.model.secret is app.model.secret


def test_renewed_objects_are_copied_and_replaced_ones_exchanged() -> None:
    app, policy = Greeter(), Marks()
    graph = walk(app, policy)
    made = path_copy(graph, {}, policy, renewed=[app.model], replaced={id(app.memory): ["b"]})
    assert made.root.model is made.made[id(app.model)]
    assert made.root.model is not app.model
    assert made.root.model.client is app.model.client
    assert made.root.memory == ["b"]
    assert app.memory == ["a"]


def test_a_template_without_escaping_keeps_other_braces_as_they_are() -> None:
    guard = TemplateGuard.of('Answer {question} as {"a": {"b": 1}}.', "braces", escapes=False)
    assert guard.placeholders == ("{question}",)
    assert guard.to_template('{"x": {}} {question}') == '{"x": {}} {question}'
    with pytest.raises(ConfigurationError, match="missing"):
        guard.to_template("no variable")
    with pytest.raises(ConfigurationError, match="does not exist"):
        guard.to_template("{question} {other}")
