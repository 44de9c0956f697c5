"""How fast models are called: limits per model, and waiting for all where a provider asks one to wait."""

from __future__ import annotations

from gepa_core.pacing.calls import Call, Calls, PacedCalls, current_calls
from gepa_core.pacing.distant import CallDesk, DistantCalls, Leave, Word
from gepa_core.pacing.limits import RateLimit, as_limits
from gepa_core.pacing.pace import ROLLOUTS, Pace, Stopped

__all__ = [
    "ROLLOUTS",
    "Call",
    "CallDesk",
    "Calls",
    "DistantCalls",
    "Leave",
    "Pace",
    "PacedCalls",
    "RateLimit",
    "Stopped",
    "Word",
    "as_limits",
    "current_calls",
]
