"""Settings from files and options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gepa_core import Budget, Execution
from gepa_core.cli import settings
from gepa_core.errors import ConfigurationError

RAW: dict[str, Any] = {
    "target": "app:chain",
    "metric": "app:metric",
    "trainset": "train.jsonl",
    "reflection_lm": "openai/gpt-4.1-mini",
    "budget": 300,
}


def read(directory: Path, text: str) -> settings.Settings:
    path = directory / "gepa.toml"
    path.write_text(text)
    return settings.make(settings.read(path), directory, "gepa.toml")


def test_paths_are_relative_to_the_directory(tmp_path: Path) -> None:
    made = settings.make(RAW, tmp_path, "test")
    assert made.path("trainset") == tmp_path / "train.jsonl"
    assert made.path("valset") is None


def test_what_is_stored_means_the_same_elsewhere(tmp_path: Path) -> None:
    raw = {
        **RAW,
        "plugins": ["no:merge", {"name": "softmax", "temperature": 0.5}],
        "budget": {"dollars": 2.5},
    }
    made = settings.make({**raw, "run_dir": "here"}, tmp_path, "test")
    away = tmp_path / "away"
    away.mkdir()
    assert read(away, made.as_toml()) == settings.make(raw, tmp_path, "test")


def test_limits_replace_single_limits() -> None:
    assert settings.merge(RAW, {"budget": {"rollouts": 500}})["budget"] == {"rollouts": 500}
    merged = settings.merge({**RAW, "budget": {"rollouts": 5, "dollars": 1.0}}, {"budget": {"dollars": 2.0}})
    assert merged["budget"] == {"rollouts": 5, "dollars": 2.0}
    assert settings.merge(RAW, {})["budget"] == 300


def test_budget_and_execution(tmp_path: Path) -> None:
    made = settings.make({**RAW, "execution": {"concurrency": 3}}, tmp_path, "test")
    assert made.budget == Budget(rollouts=300)
    assert made.execution == Execution(concurrency=3)
    there = settings.make({**RAW, "execution": {"executor": "local"}}, tmp_path, "test")
    assert there.execution == Execution()


@pytest.mark.parametrize(
    ("executor", "said"),
    [
        ("moon", "no executor is called 'moon'"),
        ({"workers": 3}, "an executor is a name, or a table with its 'name'"),
        ({"name": "local", "workers": 3}, "the executor 'local' has no options"),
        ("locl", "no executor is called 'locl'; did you mean 'local'"),
    ],
)
def test_an_executor_that_is_none_is_refused(tmp_path: Path, executor: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        settings.make({**RAW, "execution": {"executor": executor}}, tmp_path, "test")


def test_a_preset_is_a_name_or_a_table(tmp_path: Path) -> None:
    assert settings.make(RAW, tmp_path, "test").preset.name == "default"
    assert settings.make({**RAW, "preset": "paper"}, tmp_path, "test").preset.name == "paper"
    table = read(
        tmp_path,
        settings.make(
            {**RAW, "preset": {"name": "paper", "score_range": [0, 100]}}, tmp_path, "test"
        ).as_toml(),
    )
    assert (table.preset.name, table.preset.score_range, table.preset.reuse) == ("paper", (0.0, 100.0), False)


@pytest.mark.parametrize("stored", ["paper", {"name": "paper", "score_range": [0, 100]}])
def test_options_of_a_preset_keep_what_they_do_not_name(tmp_path: Path, stored: Any) -> None:
    raw = settings.merge({**RAW, "preset": stored}, {"preset": {"lookahead": 4}})
    made = settings.make(raw, tmp_path, "test").preset
    assert (made.name, made.lookahead) == ("paper", 4)
    renamed = settings.make(settings.merge(raw, {"preset": {"name": "default"}}), tmp_path, "test").preset
    assert (renamed.name, renamed.lookahead, renamed.score_range) == ("default", 4, made.score_range)


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ({"score_rage": [0, 1]}, "unknown key 'score_rage'; did you mean 'score_range'?"),
        ({"score_range": [1, 0]}, r"score_range=\[1, 0\] has to be the lowest and the highest score"),
        ({"lookahead": 0}, "preset: "),
        ({"name": "papr"}, "no preset is called 'papr'"),
    ],
)
def test_a_preset_that_makes_no_sense_is_refused(tmp_path: Path, preset: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        settings.make({**RAW, "preset": preset}, tmp_path, "test")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budgt = 3", "unknown key 'budgt'; did you mean 'budget'? The keys are target, metric"),
        ("zzz = 3", "unknown key 'zzz'; the keys are"),
        ("lookahead = 4", "unknown key 'lookahead'; it belongs into [preset]. Here the keys are target"),
        ("[execution]\nlookahead = 4", "[execution]: unknown key 'lookahead'; it belongs into [preset]."),
        ("[limits.m]\nrequests = 4", "unknown key 'limits'; it belongs into [execution]."),
        ("[budget]\nmetric = 'm:m'", "[budget]: unknown key 'metric'; it belongs before the first table"),
        ("[budget]\nrolouts = 3", "gepa.toml, [budget]: unknown key 'rolouts'; did you mean 'rollouts'?"),
        ("[execution]\nconcurency = 3", "[execution]: unknown key 'concurency'; did you mean 'concurrency'?"),
        ("[offline]\nlatency = 3", "[offline]: unknown key 'latency'; did you mean 'task_latency'?"),
        ('budget = "300"', "'budget' has to be a whole number or a table, not '300'"),
        ("seed = true", "'seed' has to be a whole number, not True"),
        ('plugins = "softmax"', "'plugins' has to be a list, not 'softmax'"),
        ("plugins = [3]", "a plugin is a name, or a table with its 'name' and its options, not 3"),
        ("[[plugins]]\ntemperature = 3", "a plugin is a name, or a table with its 'name'"),
        ("[reflection_lm]\ntemperature = 1", "[reflection_lm]: there is no 'model'; write model ="),
        ('[reflection_lm]\nmodel = "a/b"\napi_key = "x"', "'api_key' looks like a secret"),
        ('[[plugins]]\nname = "t"\npassword = "x"', "plugin 't': 'password' looks like a secret"),
        (
            '[execution.executor]\nname = "ray"\ntoken = "x"',
            "[execution.executor]: 'token' looks like a secret",
        ),
        ("target = ", "is not valid TOML: Invalid value (at "),
        ('directory = "nowhere"', "there is no TARGET ('target' in a file), --metric"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)


def test_a_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"nowhere', where modules and data are looked for, does not"
    ):
        settings.make({**RAW, "directory": "nowhere"}, tmp_path, "test")


def test_a_token_limit_is_no_secret(tmp_path: Path) -> None:
    settings.make({**RAW, "reflection_lm": {"model": "a/b", "max_tokens": 5}}, tmp_path, "test")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gepa\.toml' cannot be read: No such file"):
        settings.read(tmp_path / "gepa.toml")
