"""`gepa-core inspect`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_every_component_is_shown(cli: Cli) -> None:
    page = cli("inspect", "toy_desk:desk").stdout
    assert "toy_desk:desk: 3 components" in page
    lines = {line.split()[1]: line for line in page.splitlines() if line[:1] in "●○"}
    assert lines["plan"].split() == ["●", "plan", "prompt", "system", "19"]
    assert lines["act"].split() == ["●", "act", "instructions", "x", "18"]
    assert lines["lookup"].split() == ["○", "lookup", "tool", "description", "16"]
    assert "Desk.plan" in page
    assert "Make a plan." not in page
    assert "Make a plan." in cli("inspect", "toy_desk:desk", "--full").stdout


def test_as_json(cli: Cli) -> None:
    found = json.loads(cli("inspect", "toy_desk:desk", "--json").stdout)
    assert [one["name"] for one in found["components"]] == ["plan", "act", "lookup"]
    assert [one["optimised"] for one in found["components"]] == [True, True, False]
    assert found["components"][1]["variables"] == ["x"]
    assert found["left_alone"] == []


def test_a_file_names_the_app(cli: Cli) -> None:
    (cli.directory / "gepa.toml").write_text('target = "toy_desk:make_desk"')
    assert "toy_desk:make_desk: 3 components" in cli("inspect", "gepa.toml").stdout
    (cli.directory / "gepa.toml").write_text("seed = 1")
    assert "names no target" in cli("inspect", "gepa.toml", code=2).stderr


def test_what_no_adapter_takes_is_named(cli: Cli) -> None:
    result = cli("inspect", "toy_desk:OPTIONS", code=2)
    assert "has no attribute 'OPTIONS'" in result.stderr
    result = cli("inspect", "toy_desk:Desk.components", code=2)
    assert "no adapter takes a builtins.tuple" in result.stderr


def test_trying_the_app_shows_what_reaches_a_model(cli: Cli) -> None:
    page = cli("inspect", "toy_desk:desk", "--try", "train.jsonl").stdout
    assert "reaches a model" in page
    assert "Not seen at a model on these rows: plan, act, lookup." in page
    assert "4 rollouts were run to find out." in page
    found = json.loads(
        cli("inspect", "toy_desk:desk", "--try", "train.jsonl", "--examples=1", "--json").stdout
    )
    assert found["probe"]["dead"] == ["plan", "act", "lookup"]
    assert found["probe"]["rollouts"] == 2
