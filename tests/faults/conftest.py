"""The command line's workspace, for the rows that are about it."""

from tests.cli.conftest import app, cli

__all__ = ["app", "cli"]
