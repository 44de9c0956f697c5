"""What a run warns of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from gepa_core import hookimpl
from gepa_core.events import Event, Warned
from tests.core.toys import Toy, search


@attrs.define(eq=False)
class Warnings:
    """Keeps the warnings of a run."""

    messages: list[str] = attrs.field(factory=list)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Keep a warning's text."""
        if isinstance(event, Warned):
            self.messages.append(event.message)


@pytest.mark.parametrize(("offset", "warned"), [(-1.0, True), (0.0, False)])
def test_a_metric_below_the_failure_score(tmp_path: Path, offset: float, warned: bool) -> None:
    def metric(_example: Any, _output: Any) -> float:
        return offset

    seen = Warnings()
    search(Toy(), tmp_path, metric=metric, plugins=[seen])
    assert any("lower failure_score" in message for message in seen.messages) == warned
