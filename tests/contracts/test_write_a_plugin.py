"""The package in docs/examples/softmax_selection is what the docs show, and works where it is installed."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from math import exp
from pathlib import Path
from typing import Any

import attrs
import pytest
from uv import find_uv_bin

from gepa_core import Member, Pool, Result, hookimpl
from gepa_core.randomness import generator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "docs" / "examples" / "softmax_selection"
PAGE = (ROOT / "docs" / "write-a-plugin.md").read_text("utf-8")
SCRIPT = Path(__file__).with_name("clean_environment") / "choose.py"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def plugin_module() -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "softmax_selection"}
    exec(
        compile((PACKAGE / "softmax_selection.py").read_text("utf-8"), "softmax_selection.py", "exec"), names
    )
    return names


def test_the_page_shows_the_whole_package() -> None:
    files = sorted(path.name for path in PACKAGE.iterdir() if path.is_file())
    assert files == ["pyproject.toml", "softmax_selection.py"]
    assert blocks("python")[0] == (PACKAGE / "softmax_selection.py").read_text("utf-8")
    assert blocks("toml") == [(PACKAGE / "pyproject.toml").read_text("utf-8")]


def test_it_has_fewer_than_20_lines_of_code() -> None:
    lines = (PACKAGE / "softmax_selection.py").read_text("utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.lstrip().startswith(('"""', "#"))]
    assert 5 < len(code) < 20


def test_the_call_on_the_page_has_arguments_that_optimize_takes() -> None:
    from gepa_core import optimize

    (call,) = (
        node
        for block in blocks("python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "optimize"
    )
    given = {keyword.arg for keyword in call.keywords}
    assert given <= set(optimize.__annotations__)
    assert "plugins" in given


def test_the_test_on_the_page_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGE))
    names: dict[str, Any] = {}
    exec(compile(blocks("python")[2], "docs/write-a-plugin.md", "exec"), names)
    names["test_the_better_candidate_is_mutated_more_often"]()


@attrs.define(eq=False)
class Chosen:
    """Writes down the mean of each parent, beside the lowest and the highest that could be had."""

    means: list[tuple[float, float, float]] = attrs.field(factory=list, init=False)

    @hookimpl(wrapper=True)
    def gepa_select_parent(self, pool: Pool) -> Generator[None, Member, Member]:
        parent = yield
        means = [member.mean for member in pool.members]
        self.means.append((min(means), parent.mean, max(means)))
        return parent


@pytest.mark.parametrize("temperature", [1e-6, 0.1, 1e6])
def test_no_temperature_is_too_extreme(play: Callable[..., Result], temperature: float) -> None:
    chosen = Chosen()
    play(chosen, plugin_module()["Softmax"](temperature=temperature), budget=230)
    greedy = all(mean == highest for _, mean, highest in chosen.means)
    assert greedy == (temperature == 1e-6)
    assert any(lowest < highest for lowest, _, highest in chosen.means)


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="'temperature' must be > 0"):
        plugin_module()["Softmax"](temperature=0)


# installed -------------------------------------------------------------------


def uv(*arguments: str | Path) -> None:
    command = [find_uv_bin(), *map(str, arguments), "--quiet"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run says in a clean environment, where of ours only the two wheels are installed."""
    place = tmp_path_factory.mktemp("clean")
    constraints = ("--build-constraints", ROOT / ".ci" / "constraints.txt", "--python", sys.executable)
    shutil.copytree(PACKAGE, place / "softmax_selection")
    for source in (ROOT, place / "softmax_selection"):
        uv("build", "--wheel", "--out-dir", place / "dist", *constraints, source)
    wheels = sorted((place / "dist").glob("*.whl"))
    assert [wheel.name.partition("-")[0] for wheel in wheels] == ["gepa_core", "softmax_selection"]
    uv("venv", "--python", sys.executable, place / "venv")
    python = place / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    uv("pip", "install", "--python", python, "-c", ROOT / ".ci" / "constraints.txt", *wheels)
    finished = subprocess.run([python, "-I", SCRIPT], cwd=place, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    said: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    assert Path(said["prefix"]).samefile(place / "venv")
    return said


def test_the_installed_plugin_is_listed_by_name_with_its_distribution(report: dict[str, Any]) -> None:
    assert report["plugins"] == {"softmax": "softmax-selection 0.1.0"}


def test_listing_it_imports_nothing_of_it(report: dict[str, Any]) -> None:
    assert report["imported"] == []


def test_named_it_chooses_every_parent(report: dict[str, Any]) -> None:
    """The parents are those that a softmax at the default temperature draws with the run's own generator."""
    proposals = report["with"]
    mutations = [proposal for proposal in proposals if proposal["kind"] == "mutation"]
    assert len(mutations) > 8
    for proposal in mutations:
        seen = proposals[: proposal["seen"] + 1]
        means = [earlier["mean"] for earlier in seen if earlier["mean"] is not None]
        weights = [exp((mean - max(means)) / 0.1) for mean in means]
        (expected,) = generator(5, "parent", proposal["number"]).choices(range(len(means)), weights)
        assert proposal["parents"] == [expected]


def test_not_named_it_does_nothing(report: dict[str, Any]) -> None:
    parents = {name: [proposal["parents"] for proposal in report[name]] for name in ("with", "without")}
    assert parents["with"] != parents["without"]
