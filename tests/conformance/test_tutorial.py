"""The page "Write an adapter" is true: its files, installed as they are, pass the suite that it shows."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.conformance.pages import files_of, install
from tests.conformance.tutorial import PAGE


def test_the_pages_adapter_passes_the_suite_that_the_page_shows(tmp_path: Path) -> None:
    install(PAGE, tmp_path)
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_tinychain.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert process.returncode == 0, process.stdout[-6000:] + process.stderr[-2000:]
    assert "passed" in process.stdout.splitlines()[-1]
    assert "failed" not in process.stdout.splitlines()[-1]


def test_the_adapter_is_short() -> None:
    code = files_of(PAGE)["gepa_tinychain.py"]
    assert ast.parse(code)
    assert sum(1 for line in code.splitlines() if line.strip()) < 90
