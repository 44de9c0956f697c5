"""The command line's workspace."""

from tests.cli.conftest import app, cli

__all__ = ["app", "cli"]
