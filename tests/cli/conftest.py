"""A workspace with a toy app, and the command line in this process or in one of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gepa_core.cli.app import build

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "docs" / "examples"
OPTIONS = (
    "--train=train.jsonl",
    "--val=val.jsonl",
    "--test=test.jsonl",
    "--metric=toy_desk:metric",
    "--reflection-lm=toy_desk:reflect",
    "--budget=150",
)


@pytest.fixture(scope="session")
def app() -> typer.Typer:
    return build()


class Cli:
    """Runs commands in a directory that holds the toy app and its data."""

    def __init__(self, directory: Path, app: typer.Typer) -> None:
        self.directory = directory
        self._app = app

    def __call__(self, *args: str, code: int = 0) -> Result:
        """Run a command in this process, and check how it ended."""
        result = CliRunner(env={"COLUMNS": "80"}).invoke(self._app, args, prog_name="gepa-core")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def optimize(self, *args: str, code: int = 0) -> Result:
        """`gepa-core optimize` of the toy app."""
        return self("optimize", "toy_desk:desk", *OPTIONS, *args, code=code)

    def start(self, *args: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "gepa_core.cli", *args],
            cwd=self.directory,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def runs(self) -> list[str]:
        """Names of the stored runs."""
        return sorted(path.name for path in (self.directory / ".gepa" / "runs").glob("*/"))


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: typer.Typer) -> Iterator[Cli]:
    shutil.copy(HERE / "toy_desk.py", tmp_path)
    for name, numbers in (("train", range(20)), ("val", range(20, 40)), ("test", range(40, 50))):
        rows = "".join(json.dumps({"input": number}) + "\n" for number in numbers)
        (tmp_path / f"{name}.jsonl").write_text(rows)
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    _forget(EXAMPLES)  # a test of another folder may have left one whose server is gone
    yield Cli(tmp_path, app)
    sys.path[:] = path
    _forget(tmp_path, EXAMPLES)


def _forget(*places: Path) -> None:
    """Let modules in ``places`` be imported anew, as a process of its own would."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if any(Path(file).is_relative_to(place) for place in places):
            del sys.modules[name]
