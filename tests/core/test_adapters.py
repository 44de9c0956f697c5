"""Who is asked to take an app: the adapter of its package, then the one for agents without a framework."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from gepa_core import adapters
from gepa_core.adapters import adapter_for, wrap
from gepa_core.errors import ConfigurationError


class Agent:
    def __call__(self, question: str) -> str:
        return question


class Runner:
    def run(self, question: str) -> str:
        return question


class OfFramework:
    def invoke(self, question: str) -> str:
        return question


OfFramework.__module__ = "langchain_core.runnables"


def _agent(question: str) -> str:
    return question


def _taker(target: Any) -> object:
    """The name of the entry point whose adapter is found."""
    return adapter_for(target)


def _install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    points = {name: EntryPoint(name, "not.imported:Adapter", "gepa_core.adapters") for name in names}
    monkeypatch.setattr(adapters, "installed_adapters", lambda: points)
    monkeypatch.setattr(adapters, "load_adapter", lambda point: point.name)


@pytest.mark.parametrize("target", [_agent, Agent(), Agent().__call__, Runner(), len])
def test_callables_of_no_framework_are_agents(target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "builtins", "langchain_core")
    assert _taker(target) == "builtins"


def test_the_adapter_of_the_package_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "builtins", "langchain_core", Agent.__module__.partition(".")[0])
    assert _taker(OfFramework()) == "langchain_core"
    assert _taker(Agent()) == Agent.__module__.partition(".")[0]


def test_an_app_of_a_framework_whose_adapter_is_missing_is_no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "builtins")
    with pytest.raises(ConfigurationError, match=r"gepa-core\[langchain\]"):
        wrap(OfFramework())


def test_an_object_that_cannot_be_called_is_no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "builtins")
    with pytest.raises(ConfigurationError, match="pass adapter="):
        wrap(object())


@pytest.mark.parametrize("target", [_agent, Agent(), Runner()])
def test_a_missing_adapter_for_agents_is_named(target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch)
    with pytest.raises(ConfigurationError, match=r'pip install "gepa-core\[agents\]"'):
        wrap(target)
