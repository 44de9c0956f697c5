"""docs/metrics.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gepa_core.errors import MetricError
from tests.core.toys import Toy, search

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
NAMES: dict[str, Any] = {}
for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE):
    exec(compile(block, "metrics.md", "exec"), NAMES)
ROW = {"text": "Where is my parcel?", "team": "delivery"}


def test_the_metric_that_is_shown() -> None:
    assert NAMES["metric"](ROW, {"team": "delivery"}).score == 1.0
    assert NAMES["metric"](ROW, {"team": "billing"}).text == "This belongs to delivery."


def test_the_settings_that_are_shown() -> None:
    assert (NAMES["preset"].perfect, NAMES["preset"].failure) == (100, 0)
    assert (NAMES["execution"].metric_errors, NAMES["execution"].metric_timeout) == ("fail", 60.0)


def test_the_message_that_is_shown(tmp_path: Path) -> None:
    shown = re.search(r"<!-- message -->\n```text\n(.*?)\n```", PAGE)
    assert shown is not None

    class Desk(Toy):
        async def run(self, texts: Any, inputs: Any) -> Any:  # noqa: ARG002
            return await super().run(texts, 1)

    with pytest.raises(MetricError) as caught:
        search(Desk(), tmp_path, valset=[{"text": ROW["text"]}], metric=lambda row, _: row["team"])
    assert str(caught.value) == shown[1]
