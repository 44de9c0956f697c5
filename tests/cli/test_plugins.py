"""`gepa-core plugins`, with distributions that are there only for the test."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

MODULE = """
    import attrs
    from gepa_core import hookimpl

    @attrs.define(eq=False, kw_only=True)
    class Softmax:
        temperature: float = 0.1

        @hookimpl
        def gepa_select_parent(self, pool):
            return pool.best

    class Idle:
        pass
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on the path that holds two distributions, one of them broken."""
    site = tmp_path / "site"
    _distribution(site, "toy-softmax", "1.2", {"softmax": "toy_softmax:Softmax", "idle": "toy_softmax:Idle"})
    _distribution(site, "toy-broken", "0.3", {"shattered": "toy_broken:Plugin"})
    (site / "toy_softmax.py").write_text(dedent(MODULE))
    (site / "toy_broken.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(site))
    return site


def _distribution(site: Path, name: str, version: str, points: dict[str, str]) -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "".join(f"{point} = {value}\n" for point, value in points.items())
    (info / "entry_points.txt").write_text(f"[gepa_core.plugins]\n{lines}")


@pytest.mark.usefixtures("plugins")
def test_installed_broken_and_built_in(cli: Cli) -> None:
    page = cli("plugins").stdout
    assert "toy-softmax 1.2" in page
    assert "gepa_select_parent" in page
    assert "broken: shattered of toy-broken 0.3" in page
    assert "ModuleNotFoundError: No module named 'a_package_that_is_not_there'" in page
    assert "broken: idle of toy-softmax 1.2" in page
    assert "implements no hook" in page
    found = json.loads(cli("plugins", "--json").stdout)
    by_name = {one["name"]: one for one in found["plugins"]}
    assert by_name["softmax"]["hooks"] == ["gepa_select_parent"]
    assert by_name["softmax"]["error"] == ""
    assert by_name["shattered"]["error"]
    built_in = {one["name"]: one["hooks"] for one in found["built_in"]}
    assert built_in["pareto"] == ["gepa_select_parent"]
    assert built_in["capture"] == ["gepa_capture_trajectory"]
    assert "langchain_core" in {one["name"] for one in found["adapters"]}


@pytest.mark.usefixtures("plugins")
def test_a_plugin_is_used_by_name_and_with_options(cli: Cli) -> None:
    assert "toy_softmax" not in sys.modules
    cli.optimize("--plugin=softmax", "--run-dir=by-name")
    raw = (cli.directory / "by-name" / "gepa.toml").read_text()
    assert 'plugins = ["softmax"]' in raw
    (cli.directory / "gepa.toml").write_text(
        raw.replace('plugins = ["softmax"]', "")
        + '[[plugins]]\nname = "softmax"\ntemperature = 0.5\n[[plugins]]\nname = "no:merge"\n'
    )
    cli("optimize", "gepa.toml", "--run-dir=with-options")
    result = cli("optimize", "gepa.toml", "--plugin=softmax", "--run-dir=with-options", code=2)
    assert "temperature" in result.stderr
    cli("resume", "with-options")


@pytest.mark.usefixtures("plugins")
def test_wrong_options_and_broken_plugins_are_named(cli: Cli) -> None:
    raw = 'target = "toy_desk:desk"\nmetric = "toy_desk:metric"\ntrainset = "train.jsonl"\nbudget = 60\n'
    raw += 'reflection_lm = "toy_desk:reflect"\n[[plugins]]\nname = "softmax"\nheat = 1\n'
    (cli.directory / "gepa.toml").write_text(raw)
    result = cli("optimize", "gepa.toml", code=2)
    assert "plugin 'softmax' of toy-softmax 1.2 has no option 'heat'; it has 'temperature'" in result.stderr
    assert "'heat'" in result.stderr
    result = cli("optimize", "gepa.toml", "--plugin=shattered", code=2)
    assert "plugin 'shattered' of toy-broken 0.3 cannot be loaded: ModuleNotFoundError" in result.stderr
