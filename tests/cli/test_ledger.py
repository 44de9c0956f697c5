"""The ledger as people and programs read it."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from rich.console import Console

from gepa_core.cli import ledger
from gepa_core.entries import Entry
from gepa_core.result import Cost
from gepa_core.store import Store
from gepa_core.types import Usage

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

USED = Usage(calls=2_400, input_tokens=19_404_210, output_tokens=3_330_200, dollars=14.2)
COST = Cost(
    entries={
        "validation": Entry(count=12_345, usage=USED),
        "seed": Entry(count=30, usage=attrs.evolve(USED, dollars=0.03)),
        "reflection": Entry(count=441, usage=USED),
    },
    saved=Entry(count=1_403, usage=USED),
    failed={
        "seed": Entry(count=2, usage=Usage(calls=2, input_tokens=500, unmetered=1)),
        "child": Entry(count=1),
        "reflection": Entry(count=1),
    },
    pending=7,
)


def written(cost: Cost, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    for part in ledger.ledger(cost, simulated=False):
        console.print(part)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return str(text)


def row(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(name))
    return line.removeprefix(name).split()


def test_each_purpose_has_its_line_and_the_sums_are_right() -> None:
    text = written(COST)
    assert row(text, "validating candidates") == ["12,345", "2,400", "19.4M", "3.3M", "$14.20"]
    assert row(text, "rollouts together")[0] == "12,375"
    assert row(text, "failed attempts, tried again") == ["4", "2", "500", "0", "$0.00"]
    assert row(text, "everything") == ["7,202", "58.2M", "10.0M", "$28.43"]
    assert row(text, "known already, not bought")[0] == "1,403"
    assert text.index("scoring the app") < text.index("validating") < text.index("reflections")
    assert "3 rollout attempts and 1 reflection attempt failed" in text
    assert "7 of these are for proposals that are not committed" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("usage", "cells"),
    [
        (Usage(calls=4, input_tokens=10, output_tokens=2, dollars=0.1), ["10", "2", "$0.1000"]),
        (
            Usage(calls=4, input_tokens=10, output_tokens=2, dollars=0.1, unmetered=1, unpriced=3),
            ["10+", "2+", "$0.1000+"],
        ),
        (Usage(calls=4, unmetered=4, unpriced=4), ["unknown", "unknown", "unknown"]),
    ],
)
def test_what_is_not_known_is_not_zero(usage: Usage, cells: list[str]) -> None:
    text = written(Cost(entries={"seed": Entry(count=4, usage=usage)}))
    assert row(text, "scoring the app as it is") == ["4", "4", *cells]
    assert ("and what some calls did not report" in text) == ("10+" in cells)


def test_a_run_and_its_page_show_the_same(cli: Cli) -> None:
    ran = cli.optimize("--run-dir=run").stdout
    page = cli("show", "run").stdout
    lines = page[page.index("\nLedger") : page.index("\nProposals")]
    assert lines in ran
    found: dict[str, Any] = json.loads(cli("show", "run", "--json").stdout)["cost"]
    assert row(lines, "rollouts together")[0] == str(found["total_rollouts"])
    assert found["total_rollouts"] == sum(found["rollouts"].values()) <= 150
    assert sum(one["count"] for one in found["entries"].values()) == sum(
        (found["total_rollouts"], found["reflections"])
    )
    assert found["saved"]["count"] == found["reused"]
    assert found["failed"] == {}
    assert re.search(rf"^budget +{found['total_rollouts']} of 150 rollouts *$", page, re.MULTILINE)


def test_what_was_bought_for_a_proposal_that_is_not_committed_is_shown(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    before = json.loads(cli("show", "run", "--json").stdout)["cost"]
    store = Store.open(cli.directory / "run")
    outcome = next(iter(store.outcomes("seed")))
    usage = Usage(calls=1, input_tokens=5)
    store.save_outcome(attrs.evolve(outcome, candidate="another"), "child")
    store.save_fault(99, "child", usage)
    store.close()
    after = json.loads(cli("show", "run", "--json").stdout)["cost"]
    assert after["pending"] == 1
    assert after["total_rollouts"] == before["total_rollouts"] + 1
    assert after["failed"] == {"child": {"count": 1, "usage": attrs.asdict(usage)}}
    page = cli("show", "run").stdout
    assert "1 of these are for proposals that are not committed" in " ".join(page.split())
    assert "1 rollout attempt failed" in " ".join(page.split())
