"""What `gepa-llamaindex` costs on every shape of its tests."""

from __future__ import annotations

import warnings
from typing import Any

from gepa_llamaindex.testing import Shape as TestedShape
from llama_index.core import MockEmbedding, Settings, set_global_tokenizer
from llama_index.core.llms import MockLLM

from adapters.llamaindex.tests.shapes import SHAPES
from tests.benchmarks.row import Row
from tests.benchmarks.shapes import Shape, rows_for


def rows(full: bool) -> list[Row]:
    """Four rows over all shapes."""
    warnings.simplefilter("ignore")
    set_global_tokenizer(str.split)
    Settings.embed_model, Settings.llm = MockEmbedding(embed_dim=8), MockLLM()
    made = [_shape(name, shape) for name, shape in SHAPES.items()]
    return rows_for("llamaindex", made, times=15 if full else 3)


def _shape(name: str, shape: TestedShape) -> Shape:
    app: Any = shape.make(shape.model())
    return Shape(
        name=name,
        wrap=lambda: shape.adapter.wrap(app),
        plain=lambda: shape.call(app),
        inputs=shape.inputs,
    )
