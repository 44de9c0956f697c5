"""The commands, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from gepa_core.cli.commands.demo import demo
from gepa_core.cli.commands.export import export
from gepa_core.cli.commands.inspect import inspect
from gepa_core.cli.commands.offline import offline
from gepa_core.cli.commands.optimize import optimize
from gepa_core.cli.commands.plugins import plugins
from gepa_core.cli.commands.resume import resume
from gepa_core.cli.commands.runs import runs
from gepa_core.cli.commands.show import show
from gepa_core.cli.errors import explained
from gepa_core.cli.helping import Command, Group, reflowed

_RUN = "Improve an app"
_LOOK = "Look at apps, runs and plugins"
_COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    (_RUN, demo),
    (_RUN, optimize),
    (_RUN, resume),
    (_LOOK, inspect),
    (_LOOK, runs),
    (_LOOK, show),
    (_LOOK, export),
    (_LOOK, plugins),
)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="gepa-core",
        cls=Group,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_gepa_core)
    for panel, command in _COMMANDS:
        add = app.command(cls=Command, help=reflowed(command.__doc__), rich_help_panel=panel)
        add(explained(command))
    app.add_typer(offline, name="offline", rich_help_panel=_LOOK)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"gepa-core {version('gepa-core')}")
        raise typer.Exit


def _gepa_core(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Improve the prompts of an AI app that you already have.

    New here? Run gepa-core demo.
    """
