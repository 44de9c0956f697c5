"""Clients are closed in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gepa_core import background
from tests.faults import desk
from tests.pacing import apps


@pytest.fixture(autouse=True)
def close_clients() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while desk.CLIENTS:
        desk.CLIENTS.pop().close()
    while apps.ASYNC_CLIENTS:
        background.run(apps.ASYNC_CLIENTS.pop().aclose(), lambda: None)
