"""Help is quick, because a command imports what it needs when it runs, and says everything."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

COMMANDS = [
    ("demo",),
    ("export",),
    ("inspect",),
    ("offline",),
    ("offline", "serve"),
    ("optimize",),
    ("plugins",),
    ("resume",),
    ("runs",),
    ("show",),
]
HEAVY = {
    "attrs.converters",
    "gepa_core.api",
    "gepa_core.cli.live",
    "gepa_offline",
    "langchain_core",
    "litellm",
    "numpy",
    "openai",
    "pluggy",
    "rich",
    "scipy",
    "sqlite3",
    "uvicorn",
}
PROGRAM = """
import json, sys
from gepa_core.cli.app import build
sys.argv = ["gepa-core", *sys.argv[1:]]
try:
    build()()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("command", [(), *COMMANDS])
def test_help_imports_nothing_heavy(command: tuple[str, ...]) -> None:
    arguments = [sys.executable, "-c", PROGRAM, *command, "--help"]
    finished = subprocess.run(arguments, capture_output=True, check=True, text=True)
    *page, modules = finished.stdout.splitlines()
    assert page[0].startswith("Usage: ")
    assert sorted(HEAVY.intersection(json.loads(modules))) == []


def test_every_command_has_a_help_page(cli: Cli) -> None:
    front = cli("--help").stdout
    assert {one[0] for one in COMMANDS} == {
        line.split()[0] for line in front.splitlines() if line.startswith("  ") and line.split()[0].isalpha()
    } - {"Improve", "New", "no", "each", "the"}
    for command in COMMANDS:
        page = cli(*command, "--help").stdout
        assert page.startswith(f"Usage: gepa-core {' '.join(command)} ")
        assert max(map(len, page.splitlines())) <= 80


def test_options_stand_in_groups(cli: Cli) -> None:
    page = cli("optimize", "--help").stdout
    groups = [line for line in page.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert groups == [
        "Arguments:",
        "What to optimise:",
        "Limits:",
        "How to run it:",
        "Before the start:",
        "Options:",
    ]
    assert "--budget N " in page


def test_no_colour_where_there_is_no_terminal(cli: Cli) -> None:
    assert "\x1b" not in cli("--help").stdout


def test_without_a_command_there_is_help(cli: Cli) -> None:
    assert "Improve an app:" in cli(code=2).output


def test_version(cli: Cli) -> None:
    assert cli("--version").stdout.startswith("gepa-core 0.")
