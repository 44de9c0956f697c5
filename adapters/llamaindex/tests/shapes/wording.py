"""Texts of a module that functions import when they run."""

from __future__ import annotations

from enum import Enum

SUMMARY_PROMPT = "Sum up the following lines in at most ten words."
RULES = "You keep to what the lines say and invent nothing."


class Tone(Enum):
    """How something is to be said."""

    CALM_PROMPT = "Write calmly, as if there was all the time in the world."
