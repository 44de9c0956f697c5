"""`gepa-core export`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_the_best_texts_are_written(cli: Cli) -> None:
    cli.optimize()
    (run,) = cli.runs()
    shown = json.loads(cli("show", run, "--json").stdout)
    cli("export", run, "--to", "out")
    saved = json.loads((cli.directory / "out" / "prompts.json").read_text())
    texts = {name: one["text"] for name, one in saved["components"].items()}
    assert texts == shown["best"]["texts"]
    assert "## plan" in (cli.directory / "out" / "prompts.md").read_text()


def test_the_diff_can_be_applied_and_says_what_it_leaves_out(cli: Cli) -> None:
    cli.optimize()
    (run,) = cli.runs()
    result = cli("export", run, "--patch")
    applied = subprocess.run(
        ["git", "apply", "-"],
        cwd=cli.directory,
        input=result.stdout.encode(),
        check=True,
        capture_output=True,
    )
    assert applied.returncode == 0
    again = cli("export", run, "--patch")
    assert again.stdout == ""
    assert "not in the diff: plan: no literal, f-string or sum makes its text\n" in again.stderr
    assert f"Looked into the Python files in {cli.directory.resolve()}; --sources DIR" in again.stderr


def test_something_has_to_be_asked_for(cli: Cli) -> None:
    cli.optimize()
    (run,) = cli.runs()
    assert "--to DIR for files" in cli("export", run, code=2).stderr
    assert "is not a folder" in cli("export", run, "--patch", "--sources", "nowhere", code=2).stderr
