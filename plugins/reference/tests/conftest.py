"""A DSPy program, gepa's default adapter and a run of either, all against the simulated models."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from gepa_offline import OfflineServer, serve

# DSPy would fetch a list of prices when it makes its first model.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


@pytest.fixture(scope="session")
def server() -> Iterator[OfflineServer]:
    with serve() as running:
        yield running
