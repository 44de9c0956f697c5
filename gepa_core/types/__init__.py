"""The values that flow through a run: what is optimised, what it is run on, and what came of it.

All are frozen attrs classes that survive a round trip through JSON (see `gepa_core.codec`).
"""

from __future__ import annotations

from gepa_core.types.candidate import Candidate, Component
from gepa_core.types.content import Json, content_id
from gepa_core.types.example import Example, Split
from gepa_core.types.feedback import LARGEST, Feedback
from gepa_core.types.outcome import Failure, Outcome
from gepa_core.types.proposal import Merge, Proposal, Purpose, Spend
from gepa_core.types.trajectory import Rollout, Step, StepKind, Trajectory
from gepa_core.types.usage import NO_USAGE, Usage

__all__ = [
    "LARGEST",
    "NO_USAGE",
    "Candidate",
    "Component",
    "Example",
    "Failure",
    "Feedback",
    "Json",
    "Merge",
    "Outcome",
    "Proposal",
    "Purpose",
    "Rollout",
    "Spend",
    "Split",
    "Step",
    "StepKind",
    "Trajectory",
    "Usage",
    "content_id",
]
