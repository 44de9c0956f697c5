"""Ctrl-C and SIGTERM, sent to the command in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

OPTIONS = (
    "--train=train.jsonl",
    "--val=val.jsonl",
    "--metric=toy_desk:metric",
    "--reflection-lm=toy_desk:reflect",
    "--budget=120",
    "--run-dir=run",
)


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read standard error until a line holds ``words``."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return
    pytest.fail(f"{words!r} was never said:\n{''.join(seen)}")


def proposals(cli: Cli, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli("show", run, "--json").stdout)["proposals"]
    return found


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_first_keeps_everything_and_the_run_goes_on(cli: Cli, sent: signal.Signals) -> None:
    process = cli.start("optimize", "toy_desk:desk", *OPTIONS, TOY_SECONDS="0.05")
    read_until(process, "#1 ")
    process.send_signal(sent)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "stopping" in said
    assert "interrupted: " in said
    assert "rollouts of this run are kept in 'run'" in said
    assert "gepa-core resume run" in said
    assert "Traceback" not in said
    assert json.loads(cli("runs", ".", "--json").stdout)[0]["state"] == "interrupted"

    kept = proposals(cli, "run")
    cli("resume", "run")
    cli("optimize", "toy_desk:desk", *OPTIONS[:-1], "--run-dir=unbroken")
    assert proposals(cli, "run") == proposals(cli, "unbroken")
    assert proposals(cli, "run")[: len(kept)] == kept


def test_the_second_ends_at_once(cli: Cli) -> None:
    process = cli.start("optimize", "toy_desk:desk", *OPTIONS, TOY_SECONDS="60")
    read_until(process, "optimising")
    time.sleep(0.3)  # the rollouts, of a minute each, are under way
    process.send_signal(signal.SIGINT)
    read_until(process, "stopping")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "ended at once; finished rollouts are kept" in said
    assert time.monotonic() - began < 5
    assert "Traceback" not in said


def test_one_that_comes_before_anything_began(cli: Cli) -> None:
    (cli.directory / "slow_desk.py").write_text(
        "import sys, time\nprint('loading', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    )
    process = cli.start("optimize", "slow_desk:desk", *OPTIONS)
    read_until(process, "loading")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "nothing was lost, because nothing had begun" in said
    assert "Traceback" not in said
    assert not (cli.directory / "run").exists()
