"""What `gepa-agents` costs on the apps of its tests, whose clients talk to a server on loopback."""

from __future__ import annotations

from typing import Any

import pytest
from gepa_offline import serve

from adapters.agents.tests.conftest import REQUEST, SHAPES
from tests.benchmarks.row import Row
from tests.benchmarks.shapes import Shape, rows_for

APPS = ("a function", "an object", "an async object", "literals", "a mapping", "a default mapping")


def rows(full: bool) -> list[Row]:
    """Four rows over all shapes. The server is in this process, and its work cancels out."""
    with serve() as server, pytest.MonkeyPatch.context() as patch:
        made = []
        for name in APPS:
            shape = SHAPES[name](server, patch)
            made.append(_shape(name, shape.target, shape))
        return rows_for("agents", made, times=15 if full else 3)


def _shape(name: str, target: Any, shape: Any) -> Shape:
    prompts = shape.options.get("prompts")
    return Shape(
        name=name,
        wrap=lambda: shape.system,
        plain=lambda: _call(target, prompts),
        inputs=REQUEST,
    )


def _call(target: Any, prompts: Any) -> Any:
    run = getattr(target, "run", target)
    return run(REQUEST) if prompts is None else run(REQUEST, prompts)
