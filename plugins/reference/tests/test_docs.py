"""The page on this plugin says what becomes of each argument of ``gepa.optimize``, and its snippets hold."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import gepa.api
import gepa_reference

import gepa_core

PAGE = Path(__file__).parents[3] / "docs" / "reference-adapters.md"


def _code(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_every_argument_has_its_place() -> None:
    text = PAGE.read_text("utf-8")
    ours = inspect.signature(gepa_reference.optimize).parameters
    theirs = inspect.signature(gepa.api.optimize).parameters
    assert [name for name in theirs if name not in ours and f"`{name}`" not in text] == []


def test_two_lines_change() -> None:
    (change,) = _code("diff")
    after = "\n".join(line[1:] for line in change.splitlines() if not line.startswith("-"))
    assert len([line for line in change.splitlines() if line.startswith("+")]) == 2
    call = after[after.index("gepa.optimize(") :]
    named = re.findall(r"^    (\w+)=", call, re.MULTILINE)
    assert set(named) <= inspect.signature(gepa_reference.optimize).parameters.keys()
    assert "import gepa_reference as gepa" in after


def test_what_the_snippets_import_exists() -> None:
    for snippet in _code("python"):
        compile(snippet, str(PAGE), "exec")
        for module, names in re.findall(r"^from (gepa_\w+) import (.+)$", snippet, re.MULTILINE):
            package = {"gepa_core": gepa_core, "gepa_reference": gepa_reference}[module]
            assert [name for name in names.split(", ") if not hasattr(package, name)] == []
