"""`resume`, `runs` and `show`, over runs of a toy app."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import gepa_core
from gepa_core.store import Store
from tests.core.toys import Toy, preset, search

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def shown(cli: Cli, run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("show", run, "--json").stdout)
    return found


def test_a_larger_budget_goes_on_where_it_stopped(cli: Cli) -> None:
    cli.optimize("--run-dir=small")
    cli.optimize("--run-dir=large", "--budget=260")
    result = cli("resume", "small", "--budget=260")
    assert "going on after" in result.stderr
    small, large = shown(cli, "small"), shown(cli, "large")
    # What the smaller budget refused, the larger one may have planned in another order.
    assert small["proposals"][:4] == large["proposals"][:4]
    assert small["budget"]["rollouts"] == 260
    assert 150 < sum(small["cost"]["rollouts"].values()) <= 260
    assert tomllib.loads((cli.directory / "small" / "gepa.toml").read_text())["budget"] == {"rollouts": 260}


def test_resuming_a_run_that_ended_costs_nothing(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    before = shown(cli, "run")
    result = cli("resume", "run")
    after = shown(cli, "run")
    assert "Scores" in result.stdout
    assert (after["proposals"], after["cost"], after["test"]) == (
        before["proposals"],
        before["cost"],
        before["test"],
    )


def test_a_run_from_python_says_how_to_go_on(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    (cli.directory / "run" / "gepa.toml").unlink()
    result = cli("resume", "run", code=2)
    assert "go on with it from Python: optimize(..., run_dir='run')" in result.stderr


def test_changed_data_is_refused_with_the_difference(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    (cli.directory / "val.jsonl").write_text('{"input": 5}\n')
    result = cli("resume", "run", code=2)
    assert "val examples: was '20, content" in result.stderr


def test_runs_lists_what_there_is(cli: Cli) -> None:
    assert "There are no runs in .gepa/runs" in cli("runs").stdout
    cli.optimize()
    result = cli("runs")
    name = cli.runs()[0]
    assert name in result.stdout
    assert "toy_desk:desk" in result.stdout
    assert "ended" in result.stdout
    (row,) = json.loads(cli("runs", "--json").stdout)
    assert row["run"] == name
    assert row["state"] == "ended"
    assert row["best_score"] > row["seed_score"] == 0
    assert row["rollouts"] == sum(shown(cli, name)["cost"]["rollouts"].values())
    assert not row["simulated"]


def test_a_run_that_cannot_be_read_does_not_hide_the_others(cli: Cli) -> None:
    cli.optimize()
    broken = cli.directory / ".gepa" / "runs" / "broken"
    broken.mkdir()
    (broken / "run.sqlite").write_text("no database")
    rows = json.loads(cli("runs", "--json").stdout)
    assert sorted(row["state"] for row in rows) == ["ended", "unreadable"]
    assert "unreadable" in cli("runs").stdout


def test_a_run_under_way_is_said_to_run(cli: Cli) -> None:
    cli.optimize("--run-dir=runs/one")
    store = Store.open(cli.directory / "runs" / "one")
    try:
        assert json.loads(cli("runs", "runs", "--json").stdout)[0]["state"] == "running"
    finally:
        store.close()


def test_show_is_a_page(cli: Cli) -> None:
    cli.optimize()
    page = cli("show", cli.runs()[0]).stdout
    for part in (
        "toy_desk:desk",
        "20 train, 20 val, 10 test",
        "of 150 rollouts",
        "Scores",
        "Ledger",
        "Proposals",
    ):
        assert part in page
    assert re.search(r"^  \+ .*rules:( r\d)+", page, re.MULTILINE)
    assert "simulated" not in page
    assert max(map(len, page.splitlines())) <= 80


def test_proposals_that_came_to_nothing_are_counted_by_reason(cli: Cli) -> None:
    """In the report of a run and in `show`, which shows what no terminal can encode too, written out."""
    report = cli.optimize("--reflection-lm=toy_desk:reflect_badly").output
    found = shown(cli, cli.runs()[0])
    counted = found["tally"]
    assert sum(counted.values()) == len(found["proposals"]) - 1
    assert counted["accepted"] == 0
    assert counted.keys() == {"accepted", "no-text", "refusal"}

    said = f"{sum(counted.values())}: "
    page = cli("show", cli.runs()[0]).stdout
    for text in (report, page):
        (line,) = (one for one in text.splitlines() if one.startswith("proposals"))
        assert said in line
        assert f"{counted['refusal']} refusal" in line
    for number in range(len(found["proposals"])):
        cli("show", cli.runs()[0], f"--proposal={number}")
        cli("show", cli.runs()[0], f"--proposal={number}", "--json")


def test_show_says_of_the_test_set_what_the_run_said(cli: Cli) -> None:
    ran = cli.optimize("--budget=200", "--run-dir=run").stdout
    lines = [line for line in ran.splitlines() if line.startswith(("validation ", "test "))]
    assert len(lines) == 2
    assert "interval" in lines[1]
    shown_lines = cli("show", "run").stdout.splitlines()
    assert [line for line in lines if line not in shown_lines] == []


def test_a_run_may_be_named_by_its_beginning(cli: Cli) -> None:
    cli.optimize()
    name = cli.runs()[0]
    assert cli("show", name[:-2]).stdout == cli("show", name).stdout
    shutil.copytree(f".gepa/runs/{name}", f".gepa/runs/{name}-copy")
    assert "is the beginning of several runs" in cli("show", name[:8], code=2).stderr
    cli("show", name)


def test_an_unknown_run_names_the_latest(cli: Cli) -> None:
    assert "There are none in '.gepa/runs'" in cli("show", "nothing", code=2).stderr
    cli.optimize()
    assert f"The latest in '.gepa/runs': '{cli.runs()[0]}'" in cli("show", "nothing", code=2).stderr


def test_one_proposal_with_its_reflection(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    found = shown(cli, "run")["proposals"]
    number = next(one["number"] for one in found if one["kind"] == "mutation" and one["status"] == "accepted")
    page = cli("show", "run", "--proposal", str(number)).stdout
    assert "A rule was missing." in page
    assert "needs r" in page
    as_json = json.loads(cli("show", "run", f"--proposal={number}", "--json").stdout)
    assert as_json["number"] == number
    assert as_json["answers"][0].startswith("A rule was missing.")
    assert "the app as it is" in cli("show", "run", "--proposal=0").stdout
    merges = [one["number"] for one in found if one["kind"] == "merge"]
    for merge in merges[:1]:
        assert "Tested on" in cli("show", "run", f"--proposal={merge}").stdout
    assert f"its proposals are 0 to {len(found) - 1}" in cli("show", "run", "--proposal=999", code=2).stderr


def test_a_proposal_that_was_rebased_says_what_its_change_was_moved_to(cli: Cli) -> None:
    """The changes that are shown are those to what it was moved to."""
    search(Toy(), cli.directory / "run", preset=preset(lookahead=4))
    found = shown(cli, "run")["proposals"]
    pool = [one for one in found if one["status"] == "accepted"]
    rebased = next(one for one in found if "onto" in one)
    page = cli("show", "run", f"--proposal={rebased['number']}").stdout
    parent, base = pool[rebased["parents"][0]], pool[rebased["onto"]]
    assert re.search(rf"^made from +proposal {parent['number']} \(", page, re.MULTILINE)
    assert re.search(rf"^moved to +proposal {base['number']} \(", page, re.MULTILINE)
    (unchanged,) = [name for name, text in rebased["texts"].items() if text == base["texts"][name]]
    assert [unchanged] != rebased["components"]
    assert f"unchanged: {unchanged}" in page
    assert re.search(r"^ *\d+ .* rejected: overtaken *$", cli("show", "run").stdout, re.MULTILINE)


def test_what_only_observes_is_no_part_of_a_run(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.optimize("--run-dir=run")
    monkeypatch.syspath_prepend(str(cli.directory))
    import toy_desk  # type: ignore[import-not-found, unused-ignore]

    train, val, test = (
        [json.loads(line) for line in Path(f"{name}.jsonl").read_text().splitlines()]
        for name in ("train", "val", "test")
    )
    result = gepa_core.optimize(
        toy_desk.desk,
        trainset=train,
        valset=val,
        testset=test,
        metric=toy_desk.metric,
        reflection_lm=toy_desk.reflect,
        budget=150,
        run_dir="run",
    )
    assert len(result.proposals) == len(shown(cli, "run")["proposals"])
