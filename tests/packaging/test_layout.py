"""The repository's top level stays as small as it is."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "adapters",
    "docs",
    "gepa_core",
    "plugins",
    "pyproject.toml",
    "tests",
}


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return listed.stdout.split("\0")[:-1]


def pages_in(nav: list[Any]) -> list[str]:
    """The pages that a navigation of the documentation names, in order."""
    values = [value for entry in nav for value in entry.values()]
    return [page for value in values for page in ([value] if isinstance(value, str) else pages_in(value))]


def test_top_level_entries_are_the_known_ones() -> None:
    entries = {path.partition("/")[0] for path in tracked()}
    assert {entry for entry in entries if not entry.startswith(".")} == ALLOWED


def test_nothing_that_is_made_is_tracked() -> None:
    made = (".pyc", ".egg-info", ".whl", ".sqlite", ".db")
    assert [path for path in tracked() if path.endswith(made) or "__pycache__" in path] == []
    assert not [path for path in tracked() if path.startswith((".venv/", "docs/_site/"))]


def test_every_page_of_the_documentation_is_in_its_navigation() -> None:
    docs = ROOT / "docs"
    nav = tomllib.loads((docs / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    pages = {
        path.removeprefix("docs/") for path in tracked() if path.startswith("docs/") and path.endswith(".md")
    }
    readmes = {page for page in pages if page.endswith("README.md")}
    assert sorted(pages_in(nav)) == sorted(pages - readmes)
