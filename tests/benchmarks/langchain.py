"""What `gepa-langchain` costs on the chains, agents and graphs of its tests, those of every shape."""

from __future__ import annotations

import functools

from gepa_langchain import LangChainAdapter

from adapters.langchain.tests.shapes.table import SHAPES
from tests.benchmarks.row import Row
from tests.benchmarks.shapes import Shape, rows_for


def rows(full: bool) -> list[Row]:
    """Four rows over all shapes."""
    # the retry counts its attempts, so that runs of the plain app at once disturb each other
    names = [name for name in SHAPES if name != "6-retry"]
    return rows_for("langchain", list(map(_measured, names)), times=15 if full else 5)


def _measured(name: str) -> Shape:
    shape = SHAPES[name]
    app = shape.make(shape.model()).with_config(shape.configs[0])
    inputs = shape.inputs[0]
    return Shape(
        name=name,
        wrap=lambda: LangChainAdapter().wrap(app),
        plain=functools.partial(app.ainvoke if shape.is_async else app.invoke, inputs),
        inputs=inputs,
    )
