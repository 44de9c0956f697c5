"""Running a suite without pytest, to see which of its tests fail."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest


def failures(suite: type[Any], only: Collection[str] | None = None) -> dict[str, str]:
    """The tests of ``suite`` that fail, and their errors; of those named in ``only``, if that is given."""
    found = {}
    for name in dir(suite):
        if name.startswith("test_") and (only is None or name in only):
            try:
                getattr(suite(), name)()
            except pytest.skip.Exception:
                continue
            except (Exception, pytest.fail.Exception) as error:
                found[name] = f"{type(error).__name__}: {error}"
    return found
