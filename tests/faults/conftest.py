"""The command line's workspace, for the rows that are about it, and clients that are closed in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import app, cli
from tests.faults import desk

__all__ = ["app", "cli"]


@pytest.fixture(autouse=True)
def close_clients() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while desk.CLIENTS:
        desk.CLIENTS.pop().close()
