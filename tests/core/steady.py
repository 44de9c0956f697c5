"""Settings of hypothesis for a machine whose speed varies, and for runs that are the same every time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

steady = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
