"""How fast models are called: limits per model, and waiting for all where a provider asks one to wait."""

from __future__ import annotations

from gepa_core.pacing.calls import Call, Calls, PacedCalls, current_calls
from gepa_core.pacing.limits import RateLimit, as_limits
from gepa_core.pacing.pace import ROLLOUTS, Pace, Stopped

__all__ = [
    "ROLLOUTS",
    "Call",
    "Calls",
    "Pace",
    "PacedCalls",
    "RateLimit",
    "Stopped",
    "as_limits",
    "current_calls",
]
