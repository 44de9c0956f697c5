"""Importing the library is quick, because nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ["langchain_core", "litellm", "llama_index", "numpy", "openai", "rich", "scipy", "typer", "uvicorn"]


def loaded_by(statement: str) -> set[str]:
    """Root packages in `sys.modules` after ``statement``, in a fresh interpreter."""
    program = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    return {name.partition(".")[0] for name in json.loads(finished.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    "statement", ["import gepa_core", "from gepa_core import optimize, aoptimize, hookimpl"]
)
def test_importing_the_core_loads_nothing_heavy(statement: str) -> None:
    assert sorted(loaded_by(statement) & set(HEAVY)) == []


def test_the_check_would_see_a_heavy_import() -> None:
    assert "scipy" in loaded_by("import gepa_core, scipy")
