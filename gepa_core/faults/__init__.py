"""Whose fault an error was, and how to speak of it without giving a secret away."""

from __future__ import annotations

from gepa_core.faults.classify import Fault, FaultKind, as_model_error, classify, rejects_text, root_of
from gepa_core.faults.describe import describe, message_of, scrub_addresses
from gepa_core.faults.portable import portable

__all__ = [
    "Fault",
    "FaultKind",
    "as_model_error",
    "classify",
    "describe",
    "message_of",
    "portable",
    "rejects_text",
    "root_of",
    "scrub_addresses",
]
