"""`gepa-core optimize`, over a toy app."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

TOML = """\
target = "toy_desk:desk"
metric = "toy_desk:metric"
trainset = "train.jsonl"
valset = "val.jsonl"
testset = "test.jsonl"
reflection_lm = "toy_desk:reflect"
budget = 150
"""


def shown(cli: Cli, run: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("show", run or cli.runs()[-1], "--json").stdout)
    return found


def test_a_run_by_options(cli: Cli) -> None:
    result = cli.optimize()
    assert "optimising plan, act; 20 train, 20 validation, 10 test examples" in result.stderr
    assert "accepted" in result.stderr
    assert "validation" in result.stdout
    assert "test" in result.stdout
    assert "ended" in result.stdout
    assert f"gepa-core show {cli.runs()[0]}" in result.stdout
    run = shown(cli)
    assert run["val"]["best_mean"] > run["val"]["seed_mean"] == 0
    assert run["sizes"] == {"train": 20, "val": 20, "test": 10}
    assert sum(run["cost"]["rollouts"].values()) <= 150


def test_what_came_of_it_is_written_as_show_writes_it(cli: Cli) -> None:
    result = cli.optimize("--json")
    assert json.loads(result.stdout) == shown(cli)
    assert "accepted" in result.stderr
    further = cli("resume", cli.runs()[0], "--budget=180", "--json")
    assert json.loads(further.stdout) == shown(cli)
    assert json.loads(further.stdout) != json.loads(result.stdout)


def test_a_run_from_a_file_elsewhere(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gepa.toml").write_text(TOML)
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    cli("optimize", str(tmp_path / "gepa.toml"))
    stored = tomllib.loads(next(away.glob(".gepa/runs/*/gepa.toml")).read_text())
    assert stored == {**tomllib.loads(TOML), "directory": str(tmp_path)}


def test_options_go_before_the_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "gepa.toml").write_text(TOML + "seed = 3\n[execution]\nconcurrency = 2\n")
    cli(
        "optimize",
        "gepa.toml",
        "--budget=120",
        "--reflections=6",
        "--seed=4",
        "--timeout=9",
        "--executor=local",
        "--run-dir=here",
    )
    stored = tomllib.loads((tmp_path / "here" / "gepa.toml").read_text())
    assert stored["budget"] == {"rollouts": 120, "reflections": 6}
    assert stored["seed"] == 4
    assert stored["execution"] == {"concurrency": 2, "timeout": 9.0, "executor": "local"}


def test_a_run_from_a_file_equals_the_one_by_options(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "gepa.toml").write_text(TOML)
    cli("optimize", "gepa.toml", "--run-dir=one")
    cli.optimize("--run-dir=other")
    assert shown(cli, "one")["proposals"] == shown(cli, "other")["proposals"]


def test_a_factory_makes_the_app(cli: Cli) -> None:
    cli("optimize", "toy_desk:make_desk", *_options())
    assert shown(cli)["val"]["best_mean"] > 0


def test_components_can_be_chosen(cli: Cli) -> None:
    cli.optimize("--components=plan", "--run-dir=one")
    assert [one["name"] for one in shown(cli, "one")["components"]] == ["plan"]
    cli.optimize("--components=all", "--run-dir=all")
    assert len(shown(cli, "all")["components"]) == 3


def test_preset_and_built_in_plugins_can_be_chosen(cli: Cli) -> None:
    cli.optimize("--preset=paper", "--plugin=no:merge")
    run = shown(cli)
    assert run["preset"] == "paper"
    assert not [one for one in run["proposals"] if one["kind"] == "merge"]


def test_csv_without_a_validation_set(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("input,expected\n" + "".join(f"{n},x\n" for n in range(10)))
    arguments = ("--train=train.csv", "--metric=toy_desk:metric", "--reflection-lm=toy_desk:reflect")
    result = cli("optimize", "toy_desk:desk", *arguments, "--budget=60")
    assert "the training set serves" in result.stderr


def test_figures_of_a_simulated_model_are_called_simulated(cli: Cli) -> None:
    result = cli("optimize", "toy_desk:make_simulated", *_options())
    assert "the model is simulated" in result.stderr
    assert "Scores (simulated)" in result.stdout
    assert shown(cli)["simulated"] == ["simulated-task"]
    assert "simulated" not in cli.optimize().output


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("--train=tran.jsonl", "'tran.jsonl' cannot be read: No such file"),
        ("--metric=toy_desk:metrik", "has no attribute 'metrik'. Did you mean 'metric'"),
        ("--metric=toy_desk:Desk", "is the class 'Desk'; it has to be a function"),
        ("--metric=toy_desk", "write 'module:attribute', such as 'toy_desk:chain'"),
        ("--metric=toy_disk:metric", "there is no module 'toy_disk'"),
        ("--reflection-lm=gpt", "'gpt' does not name a model"),
        ("--budget=20", "a budget of 20 rollouts is too small"),
        ("--budget=0", "rollouts must be a whole number of at least 1"),
        ("--preset=papr", "no preset is called 'papr'"),
        ("--plugin=softmx", "no plugin is called 'softmx'"),
        ("--components=plann", "'plann' matches none of 'plan', 'act', 'lookup'"),
        ("--concurrency=0", "execution: "),
        ("--lookahead=0", "preset: lookahead must be a whole number of at least 1, not 0"),
    ],
)
def test_a_wrong_call_is_refused_and_leaves_nothing(cli: Cli, changed: str, said: str) -> None:
    result = cli.optimize(changed, code=2)
    assert result.stderr.startswith("error: ")
    assert said in result.stderr.replace(str(cli.directory), "").replace("''", "'")
    assert "Traceback" not in result.output
    assert cli.runs() == []


def test_what_is_missing_is_named_together(cli: Cli) -> None:
    result = cli("optimize", "toy_desk:desk", "--train=train.jsonl", code=2)
    assert "--metric ('metric' in a file), --reflection-lm" in result.stderr
    assert "give them" in result.stderr


def test_an_unknown_key_names_the_nearest(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "gepa.toml").write_text(TOML.replace("valset", "valsett"))
    result = cli("optimize", "gepa.toml", code=2)
    assert "gepa.toml: unknown key 'valsett'; did you mean 'valset'?" in result.stderr


def test_a_factory_that_raises_is_named(cli: Cli) -> None:
    result = cli("optimize", "toy_desk:make_nothing", *_options(), code=2)
    assert "RuntimeError: the database is down in toy_desk.py, line " in result.stderr


def test_an_error_of_the_run_has_another_exit_code(cli: Cli) -> None:
    result = cli.optimize("--metric=toy_desk:failing_metric", code=1)
    assert "the metric raised ValueError: no idea what 0 means for" in result.stderr


def test_an_unexpected_error_keeps_its_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("unexpected")

    monkeypatch.setattr("gepa_core.cli.execute.prepare", broken)
    with pytest.raises(LookupError, match="unexpected"):
        cli.optimize()


def _options() -> list[str]:
    data = [f"--{name}={name}.jsonl" for name in ("train", "val", "test")]
    return [*data, "--metric=toy_desk:metric", "--reflection-lm=toy_desk:reflect", "--budget=150"]


def test_another_run_in_the_directory_is_refused_or_begun_beside(cli: Cli, tmp_path: Path) -> None:
    """The difference is shown; with --force-new the old run stays, and it says where the new one is."""
    cli.optimize("--run-dir=runs/first")
    refused = cli.optimize("--run-dir=runs/first", "--seed=5", code=2)
    assert "seed: was 0, is 5" in refused.stderr
    assert "--force-new" in refused.stderr
    before = {path.name: path.read_bytes() for path in (tmp_path / "runs" / "first").iterdir()}
    begun = cli.optimize("--run-dir=runs/first", "--seed=5", "--force-new")
    assert "first' holds another run, so this one is in" in begun.stderr
    assert "gepa-core show runs/first-2" in begun.stdout
    assert {path.name: path.read_bytes() for path in (tmp_path / "runs" / "first").iterdir()} == before
    again = cli.optimize("--run-dir=runs/first", "--seed=5", "--force-new")
    assert "going on" in again.stderr or "resum" in again.stderr
    assert [path.name for path in sorted((tmp_path / "runs").iterdir())] == ["first", "first-2"]
    assert shown(cli, "runs/first-2")["proposals"] != shown(cli, "runs/first")["proposals"]
