"""docs/hooks.md, the specifications and the tests name the same hooks with the same signatures."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gepa_core import Result, hookspecs
from gepa_core.presets import PRESETS
from gepa_core.registration import HOOKS, MAY_BE_ASYNC, MAY_BE_WRAPPED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "hooks.md").read_text("utf-8")
TESTS = Path(__file__).with_name("test_hooks.py").read_text("utf-8")

each_hook = pytest.mark.parametrize("hook", HOOKS)


def spec(hook: str) -> Callable[..., Any]:
    found: Callable[..., Any] = vars(hookspecs)[hook]
    return found


def section(hook: str) -> str:
    return PAGE.partition(f"{{ #{hook} }}\n")[2].partition("\n## ")[0]


def rows() -> list[list[str]]:
    """The cells of the page's table, without its head."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| [")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def docstring_example(hook: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", inspect.getdoc(spec(hook)) or "", re.DOTALL)
    return textwrap.dedent(code)


def test_the_page_has_a_heading_with_the_signature_of_every_hook_in_order() -> None:
    headings = re.findall(r"^## `(.*)` \{ #(\w+) \}$", PAGE, re.MULTILINE)
    calls = [f"{hook}({', '.join(inspect.signature(spec(hook)).parameters)})" for hook in HOOKS]
    assert headings == list(zip(calls, HOOKS, strict=True))


@each_hook
def test_the_section_shows_the_signature_with_its_types(hook: str) -> None:
    signature = str(inspect.signature(spec(hook))).replace("'", "")
    assert section(hook).startswith(f"\n```python\ndef {hook}{signature}\n```\n")


def test_every_hook_has_a_test_that_is_named_after_it_and_runs_its_example() -> None:
    tests = {
        node.name: ast.unparse(node) for node in ast.parse(TESTS).body if isinstance(node, ast.FunctionDef)
    }
    missing = [hook for hook in HOOKS if f"example('{hook}')" not in tests.get(f"test_{hook}", "")]
    assert missing == []


def test_the_table_says_who_is_asked_and_what_is_built_in() -> None:
    table = {row[0].partition("`")[2].partition("`")[0]: row for row in rows()}
    assert list(table) == list(HOOKS)
    assert {hook for hook, row in table.items() if row[3] == "sync, async"} == MAY_BE_ASYNC
    assert {hook for hook, row in table.items() if row[2] == "the first that does"} == MAY_BE_WRAPPED
    named = {hook: re.findall(r"`(\w+)`", row[4]) for hook, row in table.items()}
    running = {"gepa_capture_trajectory": ["capture"], "gepa_give_feedback": ["metric"]}
    defaults = PRESETS["default"]().plugins.items()
    assert named == {
        hook: running.get(hook) or [name for name, plugin in defaults if hook in dir(plugin)]
        for hook in HOOKS
    }


@each_hook
def test_what_the_specification_says_agrees_with_how_it_is_asked(hook: str) -> None:
    stops = bool(vars(spec(hook))["gepa_core_spec"]["firstresult"])
    returns = str(inspect.signature(spec(hook)).return_annotation)
    text = " ".join((inspect.getdoc(spec(hook)) or "").split())
    assert stops == (hook in MAY_BE_WRAPPED)
    assert ("Stops at the first result that is not None." in text) == stops
    assert ("Awaitable" in returns) == (hook in MAY_BE_ASYNC)
    assert ("Returns:" in text) == (returns != "None")


@each_hook
def test_the_docstring_describes_every_argument(hook: str) -> None:
    described = re.findall(
        r"^    (\w+): ", (inspect.getdoc(spec(hook)) or "").partition("Args:")[2], re.MULTILINE
    )
    arguments = list(inspect.signature(spec(hook)).parameters)
    assert described[: len(arguments)] == arguments


@each_hook
def test_the_example_in_the_docstring_works_in_a_run(hook: str, play: Callable[..., Result]) -> None:
    code = "class Example:\n" + textwrap.indent(docstring_example(hook), "    ")
    names: dict[str, Any] = {}
    exec(
        "import time\nimport attrs\nfrom pathlib import Path\n"
        "from gepa_core import *\nfrom gepa_core.events import *",
        names,
    )
    exec(compile(code, f"docstring of {hook}", "exec"), names)
    plugin = names["Example"]()
    assert hook in dir(plugin)
    assert len(play(plugin, budget=60).proposals) > 1
