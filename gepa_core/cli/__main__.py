"""``python -m gepa_core.cli``: the same as ``gepa-core``."""

from __future__ import annotations

from gepa_core.cli import main

main()
