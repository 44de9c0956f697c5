"""`show --proposal N --example ID`: what the app did, and what of its use is not known."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from gepa_core.cli import ledger, report, trajectory, wording
from gepa_core.cli.summary import Summary
from gepa_core.entries import Entry
from gepa_core.result import Cost
from gepa_core.types import Failure, Feedback, Outcome, Step, Trajectory, Usage

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

KNOWN = Usage(calls=1, input_tokens=212, output_tokens=3, dollars=0.0123)
UNPRICED = Usage(calls=1, input_tokens=50, output_tokens=7, unpriced=1)
UNKNOWN = Usage(calls=1, unmetered=1, unpriced=1)
STEPS = (
    Step(kind="model", name="agent", usage=KNOWN, seconds=0.41, components=("plan",), inputs="Where?"),
    Step(kind="tool", name="find", inputs={"id": 7}, output="x" * 5_000),
    Step(kind="model", name="inner", usage=UNPRICED, parent=1),
    Step(kind="model", name="house-model", usage=UNKNOWN, error="it broke"),
    Step(kind="model", name="says nothing"),
)


def page(*steps: Step, failure: Failure | None = None, kept: bool = True) -> str:
    outcome = Outcome(
        candidate="c",
        example="abcdef0123",
        split="train",
        output="Soon.",
        feedback=Feedback(0.25, "Say when."),
        trajectory=Trajectory(steps=steps, kept=kept),
        failure=failure,
    )
    console = Console(file=io.StringIO(), width=110, color_system=None)
    run = Summary.__new__(Summary)
    object.__setattr__(run, "simulated", ())
    trajectory.write(console, run, [trajectory.Shown(candidate="proposal 3", outcome=outcome)])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(shown: str, number: int) -> list[str]:
    (line,) = [line for line in shown.splitlines() if line.split()[:1] == [str(number)]]
    return line.split()


def test_each_step_says_what_it_used_or_that_it_is_unknown() -> None:
    shown = page(*STEPS)
    assert row(shown, 1)[-5:] == ["plan", "0.41", "212", "3", "$0.0123"]
    assert row(shown, 2)[-2:] == ["-", "0.00"]
    assert row(shown, 3)[-3:] == ["50", "7", "unknown"]
    assert row(shown, 4)[-3:] == ["unknown", "unknown", "unknown"]
    assert row(shown, 5)[-3:] == ["unknown", "unknown", "unknown"]


def test_what_was_not_kept_is_said_to_be() -> None:
    """Steps and what they used are there all the same."""
    shown = page(Step(kind="model", name="agent", usage=KNOWN), kept=False)
    assert row(shown, 1)[-2:] == ["3", "$0.0123"]
    assert "was not kept (keep_trajectories)" in shown
    assert "was not kept" not in page(*STEPS)


def test_the_sums_say_for_which_steps_they_are_incomplete() -> None:
    shown = page(*STEPS)
    assert "4 model calls · 272 tokens and more · $0.0123 and 3 calls of unknown price" in shown
    assert "tokens unknown at step 4, 5; price unknown at step 3, 4, 5" in shown


def test_nothing_is_said_to_be_incomplete_where_all_is_known() -> None:
    assert "unknown" not in page(STEPS[0], STEPS[1])
    assert "incomplete" not in page(STEPS[0], STEPS[1])


def test_a_step_inside_of_another_is_set_in() -> None:
    shown = page(*STEPS)
    assert "  model inner" in shown.split("model agent")[1]


def test_long_values_are_cut_and_errors_are_shown() -> None:
    shown = page(*STEPS, failure=Failure(type="KeyError", message="KeyError: 'id'"))
    assert "characters cut" in shown
    assert "it broke" in shown
    assert "KeyError: 'id'" in shown


def test_cost_and_report_say_the_same_of_the_whole_run() -> None:
    usage = sum((step.usage for step in STEPS), Usage())
    cost = Cost(entries={"seed": Entry(count=2, usage=usage)})
    assert (cost.usage.unmetered, cost.usage.unpriced) == (1, 2)
    assert wording.tokens(cost.usage) == "272 tokens and more"
    console = Console(file=io.StringIO(), width=110, color_system=None)
    report.write(console, *ledger.ledger(cost, simulated=False))
    assert isinstance(console.file, io.StringIO)
    assert "262+" in console.file.getvalue()
    assert "what some calls did not report" in console.file.getvalue()


def test_both_rollouts_of_an_example_are_shown(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    run = json.loads(cli("show", "run", "--json").stdout)
    chosen = next(one for one in run["proposals"] if one["kind"] == "mutation" and one.get("after"))
    number, example = str(chosen["number"]), chosen["examples"][0]
    shown = cli("show", "run", "--proposal", number, "--example", example[:8]).stdout
    assert "which it was made from" in shown
    assert f"run by proposal {number}\n" in shown
    assert "tokens unknown at step 1; price unknown at step 1" in shown
    rollouts = json.loads(cli("show", "run", f"--proposal={number}", f"--example={example}", "--json").stdout)
    assert [one["example"] for one in rollouts] == [example] * 2
    assert rollouts[0]["trajectory"]["steps"][0]["components"] == ["plan", "act", "lookup"]


def test_a_seeds_validation_example_is_shown(cli: Cli) -> None:
    cli.optimize("--run-dir=run")
    run = json.loads(cli("show", "run", "--json").stdout)
    example = next(iter(run["proposals"][0]["scores"]))
    assert f"val example {example[:8]}, run by proposal 0" in (
        cli("show", "run", "--proposal=0", "--example", example).stdout
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--example=zzz", "--proposal=0"), "'zzz' is no example that was run for proposal 0; there are"),
        (("--example=zzz",), "--proposal N"),
    ],
)
def test_what_is_not_there_is_said(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    cli.optimize("--run-dir=run")
    assert said in cli("show", "run", *arguments, code=2).stderr.replace("\n", " ")
