"""Every example in the docs is run as it stands there, with the real clients, and gets better by it."""

from __future__ import annotations

import ast
import gc
import os
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gepa_core import background
from gepa_core.result import Result

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # importing litellm would ask the network

from .made import DATA, EXAMPLES, data, files, page

NAMES = tuple(DATA)
GAIN = 0.1
"""The least by which the mean score on held-out examples has to rise."""


def _forget_examples() -> None:
    for name, module in list(sys.modules.items()):
        if str(EXAMPLES) in str(getattr(module, "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def _own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A working directory for the run, and an environment and modules that the script may change."""
    monkeypatch.chdir(tmp_path)
    environment = dict(os.environ)
    _forget_examples()  # another test may have left a module "app" of another example
    yield
    os.environ.clear()
    os.environ.update(environment)
    _forget_examples()
    if "litellm" in sys.modules:
        import litellm

        closing: Any = litellm.close_litellm_async_clients()  # type: ignore[attr-defined, no-untyped-call]
        background.run(closing, lambda: None)  # its clients belong to that loop
    gc.collect()


# pydantic says it of litellm's own types, once in a process
@pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class:UserWarning")
# LlamaIndex's workflows look at every attribute of theirs, pydantic's deprecated ones among them
@pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")
# the apps keep their clients for good, as apps do; they are collected after each test
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("_own_world")
@pytest.mark.parametrize("name", NAMES)
def test_the_example_gets_better(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = EXAMPLES / name
    monkeypatch.syspath_prepend(folder)
    result = runpy.run_path(str(folder / "optimise.py"))["result"]
    assert isinstance(result, Result)
    assert result.test is not None
    assert result.test.best_mean >= result.test.seed_mean + GAIN
    assert result.test.difference is not None
    assert result.test.difference.low > 0
    assert result.cost.task_usage.calls > 0


def test_the_data_is_what_the_generator_makes() -> None:
    for path, text in data().items():
        assert path.read_text(encoding="utf-8") == text, path


@pytest.mark.parametrize("name", NAMES)
def test_the_app_knows_nothing_of_this_project(name: str) -> None:
    assert not re.search(r"gepa|simulated|offline", (EXAMPLES / name / "app.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_the_script_is_short(name: str) -> None:
    tree = ast.parse((EXAMPLES / name / "optimise.py").read_text(encoding="utf-8"))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(statements) - len(imports) <= 10


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_files_as_they_are(name: str) -> None:
    text = (EXAMPLES / name / "index.md").read_text(encoding="utf-8")
    assert [file for file in files(name) if f'title="{file}"' not in text] == []
    assert text == page(name)
