"""Every property of every shape: a row for each way to build an app, a column for what has to hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gepa_llamaindex.testing import PROPERTIES, Shape

from .shapes import SHAPES

pytestmark = [
    # The workflow engine looks at every attribute of an agent, at those that pydantic has given up too.
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning"),
    # LlamaIndex's own ReAct agent asks whether it is running, from within itself.
    pytest.mark.filterwarnings("ignore:is_running called:DeprecationWarning"),
]


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda holds: holds.__name__)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_shape(shape: Shape, holds: Callable[[Shape], None]) -> None:
    holds(shape)
