"""The page "Rollouts on a Ray cluster" is true: what it shows runs, and its table is the settings."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest
from gepa_ray import RayExecutor

from gepa_core import Execution, Result
from gepa_core.testing import toy_metric, toy_model

from .apps import ToySystem

PAGE = (Path(__file__).parents[3] / "docs" / "ray.md").read_text("utf-8")
APP = """\
from gepa_core.testing import toy_metric, toy_model
from gepa_core.testing.obedient import async_app as chain

_model = toy_model()

def metric(row, output):
    return toy_metric(row["inputs"], output)

def reflect(prompt):
    return _model.answer(prompt)
"""
SETTINGS = """\
target = "app:chain"
metric = "app:metric"
trainset = "train.jsonl"
valset = "val.jsonl"
reflection_lm = "app:reflect"
budget = 40
run_dir = "run"
"""


def block(language: str, text: str) -> str:
    """The only block of the page that is in a language and holds a text."""
    (found,) = (one for one in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if text in one)
    return str(found)


def replaced(text: str, **values: str) -> str:
    """Settings with other values, each of which has to be there once."""
    for name, value in values.items():
        text, number = re.subn(rf'\b{name}( ?= ?)("[^"]*"|[\d.]+)', rf"{name}\g<1>{value}", text)
        assert number == 1, name
    return text


@pytest.mark.usefixtures("nodes")
def test_the_ten_lines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are, but for the model, a smaller budget and fewer workers."""
    monkeypatch.chdir(tmp_path)
    given = {
        "app": ToySystem(),
        "train": range(14),
        "val": range(20, 30),
        "metric": toy_metric,
        "model": toy_model(),
    }
    names: dict[str, Any] = dict(given)
    exec(
        replaced(block("python", "result = optimize("), reflection_lm="model", budget="40", concurrency="1"),
        names,
    )
    result: Result = names["result"]
    assert result.cost.total_rollouts > 0
    assert result.stop_reason


def test_the_other_settings_are_taken() -> None:
    """Those that bring the app's files."""
    names: dict[str, Any] = {"RayExecutor": RayExecutor, "key": "sk-1"}
    exec(block("python", "runtime_env"), names)
    assert names["executor"].runtime_env["env_vars"] == {"OPENAI_API_KEY": "sk-1"}


@pytest.mark.usefixtures("nodes")
def test_the_commands_run_with_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's workers would want two CPUs; the command's are those of ``ray`` by its name."""
    from typer.testing import CliRunner

    from gepa_core.cli.app import build

    said = tomllib.loads(block("toml", "[execution.executor]"))["execution"]
    assert Execution(**said) == Execution(
        concurrency=64, executor=RayExecutor(app="app:chain", address="auto", cpus_per_worker=2)
    )
    settings = replaced(block("toml", "[execution.executor]"), concurrency="1")
    for name, text in (("app.py", APP), ("gepa.toml", SETTINGS + settings)):
        (tmp_path / name).write_text(text, "utf-8")
    for name, numbers in (("train", range(14)), ("val", range(20, 30))):
        rows = "".join(f"{json.dumps({'inputs': number})}\n" for number in numbers)
        (tmp_path / f"{name}.jsonl").write_text(rows, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "app", ModuleType("app"))  # so that the app's module is gone afterwards
    del sys.modules["app"]
    commands = re.findall(r"^\$ gepa-core (.*)$", block("console", "gepa-core optimize"), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = CliRunner(env={"COLUMNS": "80"}).invoke(build(), command.replace("RUN", "run").split())
        assert done.exit_code == 0, done.output
    assert (tmp_path / "run").is_dir()


def test_the_table_names_the_settings() -> None:
    """With their defaults, where those are plain."""
    section = PAGE.partition("## Workers")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))
    defaults = {field.name: field.default for field in attrs.fields(RayExecutor)}
    assert set(rows) | {"app", "address", "runtime_env"} == set(defaults)
    plain = {name: default for name, default in defaults.items() if isinstance(default, int | float)}
    told = {name: float(rows[name].removesuffix(" s")) for name in plain}
    assert told == plain
