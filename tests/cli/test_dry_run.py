"""`optimize --dry-run`: what a run would cost, and nothing else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import OPTIONS

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NO_MODEL = """
from toy_desk import *

class Silent(Desk):
    def run(self, texts, inputs):
        raise AssertionError("a model was called")

silent = Silent()

def reflect(prompt):
    raise AssertionError("the reflection model was called")
"""


def numbers(page: str, row: str) -> list[int]:
    """The figures of a row."""
    found = re.search(rf"^{row} +([\d,]+) +([\d,]+)$", page, re.MULTILINE)
    assert found is not None, page
    return [int(one.replace(",", "")) for one in found.groups()]


def files(cli: Cli) -> list[str]:
    """Everything in the workspace, but for what importing leaves."""
    return sorted(str(path) for path in cli.directory.rglob("*") if "__pycache__" not in str(path))


def test_it_counts_by_purpose_calls_nothing_and_writes_nothing(cli: Cli) -> None:
    (cli.directory / "silent.py").write_text(NO_MODEL)
    before = files(cli)
    page = cli.optimize("--dry-run", "--metric=silent:metric", "--reflection-lm=silent:reflect").stdout
    assert files(cli) == before
    assert numbers(page, "scoring the app as it is") == [20, 20]
    assert numbers(page, "new candidates on minibatches") == [12, 66]
    assert numbers(page, "validating candidates") == [80, 0]
    assert numbers(page, "the test set") == [20, 10]
    assert numbers(page, "rollouts together") == [146, 116]
    assert numbers(page, "reflections at most") == [16, 88]
    assert max(map(len, page.splitlines())) <= 80


def test_the_app_is_tried_when_asked_and_its_fault_is_shown(cli: Cli) -> None:
    before = files(cli)
    page = cli.optimize("--dry-run", "--try=3").stdout
    assert files(cli) == before
    assert "3, mean score" in page
    assert "tokens, about" in page
    (cli.directory / "silent.py").write_text(NO_MODEL)
    page = cli("optimize", "silent:silent", *OPTIONS, "--dry-run", "--try=1").stdout
    assert "failed" in page
    assert "a model was called" in page


def test_a_limit_that_cannot_be_counted_says_what_to_do(cli: Cli) -> None:
    unlimited = [one for one in OPTIONS if not one.startswith("--budget")]
    page = cli("optimize", "toy_desk:desk", *unlimited, "--dollars=5", "--dry-run").stdout
    assert "Give --try N to find out" in " ".join(page.split())
    page = cli.optimize("--dollars=5", "--seconds=60", "--dry-run").stdout
    assert "The limit in dollars may end it before that." in page
    assert "The limit in seconds may end it before that." in page


@pytest.mark.parametrize(
    "wrong", ["--budget=30", "--metric=toy_desk:nothing", "--plugin=nothing", "--components=nothing"]
)
def test_what_a_run_refuses_it_refuses_in_the_same_words(cli: Cli, wrong: str) -> None:
    before = files(cli)
    foreseen = cli.optimize(wrong, "--dry-run", code=2)
    assert files(cli) == before
    assert foreseen.stderr == cli.optimize(wrong, code=2).stderr


def test_a_stored_run_is_compared_and_what_it_spent_is_said(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    page = cli.optimize("--run-dir=run", "--dry-run", "--budget=300").stdout
    assert re.search(r"^spent +\d+ rollouts of it already", page, re.MULTILINE)
    assert (
        "was begun with something else"
        in cli.optimize("--run-dir=run", "--dry-run", "--seed=9", code=2).stderr
    )


def test_settings_come_from_a_file_too(cli: Cli) -> None:
    (cli.directory / "gepa.toml").write_text(
        'target = "toy_desk:desk"\ntrainset = "train.jsonl"\nvalset = "val.jsonl"\nbudget = 90\n'
        'metric = "toy_desk:metric"\nreflection_lm = "toy_desk:reflect"\n'
    )
    assert numbers(cli("optimize", "gepa.toml", "--dry-run").stdout, "rollouts together") == [74, 67]


@pytest.mark.parametrize("tried", [(), ("--try=3",)], ids=["counted", "tried"])
def test_the_json_says_what_the_page_says(cli: Cli, tried: tuple[str, ...]) -> None:
    before = files(cli)
    found = json.loads(cli.optimize("--dry-run", "--json", *tried).stdout)
    assert files(cli) == before
    assert (found["target"], found["data"]) == ("toy_desk:desk", {"train": 20, "val": 20, "test": 10})
    assert sum(found["all_accepted"]["rollouts"].values()) == 146
    assert sum(found["none_accepted"]["rollouts"].values()) == 116
    assert (found["budget"]["rollouts"], found["spent"]) == (150, 0)
    assert (found["tried"] or {}).get("rollouts", 0) == 3 * len(tried)
    assert (found["all_accepted"]["tokens"] is None) == (not tried)


def test_trying_is_for_dry_runs(cli: Cli) -> None:
    assert "--try N is for --dry-run" in cli.optimize("--try=2", code=2).stderr
