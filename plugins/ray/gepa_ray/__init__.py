"""Rollouts on a Ray cluster: ``Execution(executor="ray")``, or a `RayExecutor` with settings."""

from __future__ import annotations

from gepa_ray.executor import RayExecutor

__all__ = ["RayExecutor"]
