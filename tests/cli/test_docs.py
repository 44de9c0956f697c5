"""docs/cli.md says what the commands do."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from gepa_core.cli import schema

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "cli.md").read_text("utf-8")
CHAPTERS = {"offline serve": "offline", "demo": "offline", "show": "runs"}


def output_shown(command: str) -> str:
    """What the page shows of ``command``."""
    found = re.search(rf"```console\n\$ {re.escape(command)}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, command
    return found.group(1).strip()


def without_padding(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def commands(app: typer.Typer) -> dict[str, Any]:
    """Every command that does something, by its whole name."""
    group: Any = typer.main.get_command(app)
    found = dict(group.commands)
    found |= {f"offline {name}": one for name, one in found.pop("offline").commands.items()}
    return found


def test_the_help_page_is_the_real_one(cli: Cli) -> None:
    page, _ = cli.start("--help", COLUMNS="80").communicate()
    assert without_padding(page) == output_shown("gepa-core --help")


@pytest.mark.skipif(
    importlib.util.find_spec("langchain_openai") is None
    or importlib.util.find_spec("gepa_langchain") is None,
    reason="the example's distributions are not installed",
)
def test_inspect_is_the_real_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DOCS / "examples" / "support_desk")
    assert without_padding(cli("inspect", "app:chain").stdout) == output_shown("gepa-core inspect app:chain")


def test_every_command_and_option_is_explained(app: typer.Typer) -> None:
    for name, command in commands(app).items():
        anchor = CHAPTERS.get(name, name)
        chapter = re.search(rf"\n## [^\n]*\{{ #{anchor} \}}\n(.*?)(?=\n## |\Z)", PAGE, re.DOTALL)
        assert chapter is not None, name
        assert f"gepa-core {name}" in chapter.group(1)
        options = [option for one in command.params for option in one.opts if option.startswith("--")]
        missing = [option for option in options if option not in PAGE]
        assert missing == [], name


def test_every_option_that_is_mentioned_exists(app: typer.Typer) -> None:
    known = {"--help", "--version"}
    known |= {option for command in commands(app).values() for one in command.params for option in one.opts}
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert sorted(mentioned - known) == []


def test_the_file_is_a_good_one_and_every_key_is_explained() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    schema.check(tomllib.loads(text), "docs/cli.md")
    rows = re.findall(r"^\| (`[^|]*) \|", PAGE.partition("{ #file }")[2].partition("\n## ")[0], re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(schema.KEYS)
