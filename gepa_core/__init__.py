"""Reflective evolution of the prompts in an AI system: a small engine with hooks.

Names are imported when they are first used, so that ``import gepa_core`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gepa_core.api import aoptimize, optimize
    from gepa_core.budget import Budget
    from gepa_core.errors import GepaError
    from gepa_core.estimating import aestimate, estimate
    from gepa_core.execution import Execution
    from gepa_core.expectation import Estimate
    from gepa_core.markers import hookimpl
    from gepa_core.pacing import RateLimit
    from gepa_core.pool import Pool
    from gepa_core.presets import Preset
    from gepa_core.prices import Price
    from gepa_core.result import Result
    from gepa_core.saved import apply
    from gepa_core.state import Member
    from gepa_core.types import (
        Candidate,
        Component,
        Example,
        Feedback,
        Merge,
        Outcome,
        Rollout,
        Step,
        Trajectory,
        Usage,
    )

__all__ = [
    "Budget",
    "Candidate",
    "Component",
    "Estimate",
    "Example",
    "Execution",
    "Feedback",
    "GepaError",
    "Member",
    "Merge",
    "Outcome",
    "Pool",
    "Preset",
    "Price",
    "RateLimit",
    "Result",
    "Rollout",
    "Step",
    "Trajectory",
    "Usage",
    "aestimate",
    "aoptimize",
    "apply",
    "estimate",
    "hookimpl",
    "optimize",
]

_HOMES = {
    "aoptimize": "api",
    "apply": "saved",
    "optimize": "api",
    "Budget": "budget",
    "GepaError": "errors",
    "aestimate": "estimating",
    "estimate": "estimating",
    "Execution": "execution",
    "Estimate": "expectation",
    "hookimpl": "markers",
    "RateLimit": "pacing",
    "Pool": "pool",
    "Preset": "presets",
    "Price": "prices",
    "Result": "result",
    "Member": "state",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gepa_core.{_HOMES.get(name, 'types')}"), name)
