"""The package in docs/examples/process_executor is what its page shows, and passes the suite."""

from __future__ import annotations

import importlib
import re
import tomllib
from typing import Any

import pytest

from gepa_core.executors import EXECUTOR_GROUP
from gepa_core.protocols import Executor
from gepa_core.testing import ExecutorSuite
from tests.conformance.pages import DOCS

PAGE = (DOCS / "write-an-executor.md").read_text("utf-8")
PACKAGE = DOCS / "examples" / "process_executor"


@pytest.fixture(autouse=True)
def _can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, and in the processes, which are told where modules are found."""
    monkeypatch.syspath_prepend(str(PACKAGE))


def _module() -> Any:
    return importlib.import_module("process_executor")


class TestProcesses(ExecutorSuite):
    """As its page says."""

    budget = 30

    is_isolated = True

    def executor(self, app: str) -> Executor:
        del app
        made: Executor = _module().ProcessExecutor()
        return made


def test_the_page_shows_the_package() -> None:
    python = re.findall(r"^```python.*?\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert (PACKAGE / "process_executor.py").read_text("utf-8") in python
    (toml,) = re.findall(r"^```toml.*?\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert toml in (PACKAGE / "pyproject.toml").read_text("utf-8")


def test_its_entry_point_names_the_executor() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))["project"]
    ((name, target),) = project["entry-points"][EXECUTOR_GROUP].items()
    module, _, attribute = target.partition(":")
    assert (name, module) == ("processes", "process_executor")
    assert getattr(_module(), attribute)() == _module().ProcessExecutor()
