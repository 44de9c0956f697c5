"""The marker for hook implementations: ``from gepa_core import hookimpl``."""

from __future__ import annotations

import pluggy

PROJECT = "gepa_core"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
