"""Optimise tool-using agents without a framework as they are, with gepa-core."""

from gepa_agents.adapter import AgentsAdapter
from gepa_agents.recorder import Recorder

__all__ = ["AgentsAdapter", "Recorder"]
