"""Hypothesis strategies for the values that flow through a run."""

from gepa_core.testing.requirements import require

require("hypothesis")

from gepa_core.testing.strategies.pools import pools, proposals, states  # noqa: E402
from gepa_core.testing.strategies.texts import candidates, rewrites, templates, texts  # noqa: E402
from gepa_core.testing.strategies.values import outcomes, scores, trajectories  # noqa: E402

__all__ = [
    "candidates",
    "outcomes",
    "pools",
    "proposals",
    "rewrites",
    "scores",
    "states",
    "templates",
    "texts",
    "trajectories",
]
