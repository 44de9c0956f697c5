"""What goes wrong when an app is copied."""

from __future__ import annotations


class CannotCopy(TypeError):
    """An object cannot be copied without its class's help: it is shared, and texts below it stay as is."""
