"""The command line: ``gepa-core``. Nothing heavy is imported before a command needs it."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``gepa-core`` script."""
    from gepa_core.cli.app import build

    build()(prog_name="gepa-core")
