"""Running a suite without pytest, to see which of its tests fail."""

from __future__ import annotations

from typing import Any

import pytest


def failures(suite: type[Any]) -> dict[str, str]:
    """The tests of ``suite`` that fail, and their errors."""
    found = {}
    for name in dir(suite):
        if name.startswith("test_"):
            try:
                getattr(suite(), name)()
            except pytest.skip.Exception:
                continue
            except (Exception, pytest.fail.Exception) as error:
                found[name] = f"{type(error).__name__}: {error}"
    return found
