"""The demo: the real thing over HTTP, without its latencies and with fewer rollouts."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

import pytest

from gepa_core.cli import demonstration

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NEEDED = ("gepa_offline", "gepa_langchain", "langchain_openai")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "_TASK_LATENCY", 0.0)
    monkeypatch.setattr(demonstration, "_REFLECTION_LATENCY", 0.0)


@pytest.mark.usefixtures("quick")
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)), reason="the demo's distributions are not installed"
)
def test_it_improves_the_app_and_says_that_the_model_is_simulated(cli: Cli) -> None:
    result = cli("demo", "--budget=420")
    assert "The model is simulated." in result.stderr
    assert result.stderr.index("The model is simulated.") < result.stderr.index("optimising")
    assert "Scores (simulated)" in result.stdout
    assert "  + - " in result.stdout
    (name,) = cli.runs()
    assert f"gepa-core show {name}" in result.stdout

    found = json.loads(cli("show", name, "--json").stdout)
    assert set(found["simulated"]) == {"simulated-task", "simulated-reflection"}
    for comparison in (found["val"], found["test"]):
        assert comparison["difference"]["low"] > 0
    assert "{triage}" in next(one for key, one in found["best"]["texts"].items() if key.startswith("reply"))
    assert "simulated model" in cli("runs").stdout

    again = cli("resume", name)
    assert "going on after" in again.stderr
    assert scores_in(again.stdout) == scores_in(result.stdout)


def scores_in(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith(("validation ", "test "))]


def test_what_is_missing_is_named_with_the_extra(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def find_spec(name: str, *rest: Any) -> Any:
        return None if name in NEEDED[1:] else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    result = cli("demo", code=2)
    assert "the demo needs 'gepa_langchain', 'langchain_openai', which are not installed" in result.stderr
    assert 'pip install "gepa-core[demo]"' in result.stderr
    assert "simulated" not in result.stderr
