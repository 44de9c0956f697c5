"""Saying what to install when the tools that the suites are written with are missing."""

from __future__ import annotations

import importlib


def require(*modules: str) -> None:
    """Import ``modules``.

    Raises:
        ImportError: one of them is missing; says what to install.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise ImportError(
                f"the suites and strategies of gepa_core.testing need {module!r}, which cannot be imported"
                f' ({error}); run: pip install "gepa-core[testing]"',
                name=module,
            ) from error
