"""The page "Test your own parts" is true: its tests pass, and its tables name what there is."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from gepa_core.testing import AdapterSuite, ExecutorSuite, strategies
from tests.conformance.pages import DOCS
from tests.conformance.verdicts import failures

PAGE = (DOCS / "testing.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def _run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(block, "testing.md", "exec", dont_inherit=True), names)
    return names


@pytest.mark.parametrize("name", re.findall(r"^def (test_\w+)", PAGE, re.MULTILINE))
def test_its_functions_pass(name: str) -> None:
    (block,) = (block for block in BLOCKS if f"def {name}(" in block)
    _run(block)[name]()


def test_its_plugin_suite_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(DOCS, "examples", "softmax_selection")))
    (block,) = (block for block in BLOCKS if "PluginSuite" in block)
    assert failures(_run(block)["TestSoftmax"]) == {}
    monkeypatch.delitem(sys.modules, "softmax_selection")


def test_its_executor_suite_passes() -> None:
    (block,) = (block for block in BLOCKS if "ExecutorSuite" in block)
    assert failures(_run(block)["TestLocal"]) == {}


def test_what_it_lists_is_there() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)", row)]
    assert len(named) > 12
    known = {*dir(AdapterSuite), *dir(ExecutorSuite)}
    assert [name for name in named if name not in known] == []
    section = PAGE.partition("## Strategies")[2]
    assert set(re.findall(r"`(\w+)\(\w*\)`", section)) == set(strategies.__all__)
