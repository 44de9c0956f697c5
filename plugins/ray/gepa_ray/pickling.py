"""cloudpickle, with types."""

from __future__ import annotations

from typing import Any

import cloudpickle  # type: ignore[import-untyped]


def dumps(value: Any) -> bytes:
    """``value`` pickled, with what `__main__` and functions made while running define."""
    pickled: bytes = cloudpickle.dumps(value)
    return pickled


def loads(pickled: bytes) -> Any:
    """What `dumps` pickled."""
    return cloudpickle.loads(pickled)
