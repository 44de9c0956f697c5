"""docs/how-long.md says what is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from gepa_core import Execution
from gepa_core.cli.settings import Settings
from gepa_core.presets import default
from tests.core.toys import Toy, search

PAGE = (Path(__file__).parents[2] / "docs" / "how-long.md").read_text("utf-8")


def test_the_three_ways_to_say_it(tmp_path: Path) -> None:
    """In Python, as it stands on the page; in a settings file; on the command line."""
    names: dict[str, Any] = {}
    code = re.search(r"^```python\n(from gepa_core.presets.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    toml = re.search(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert code is not None
    assert toml is not None
    exec(compile(code[1], "how-long.md", "exec"), names)
    assert names["preset"].lookahead == 4
    assert Settings(raw=tomllib.loads(toml[1]), directory=tmp_path).preset.lookahead == 4
    assert "`--lookahead 4`" in PAGE


def test_the_defaults_and_the_word_that_are_named(tmp_path: Path) -> None:
    assert Execution().concurrency == 8
    assert default().lookahead == 1
    result = search(Toy(), tmp_path, preset=default(lookahead=8), budget=200)
    assert result.tally["overtaken"]
