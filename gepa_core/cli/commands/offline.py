"""``gepa-core offline``: the simulated model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gepa_core.cli.errors import explained
from gepa_core.cli.helping import Command, Group

if TYPE_CHECKING:
    from typing import Any

offline = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Serve the simulated model, for trying things out without a key.",
)


@offline.command(cls=Command)
@explained
def serve(
    *,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8321,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Changes every random draw.")] = 0,
    task_latency: Annotated[
        float, typer.Option(metavar="S", help="Seconds until the task model answers.")
    ] = 0.0,
    reflection_latency: Annotated[
        float, typer.Option(metavar="S", help="Seconds until the reflection model answers.")
    ] = 0.0,
    log_requests: Annotated[
        bool, typer.Option("--log-requests", help="Write a line for each request.")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[,NAME=VALUE…]",
            help="Let something go wrong, such as 503,rate=0.1 or hang,times=1. May be repeated.",
        ),
    ] = None,
) -> None:
    """Serve the simulated models on this machine, as an OpenAI-compatible API, until Ctrl-C."""
    from gepa_core.cli.offline_model import load_offline
    from gepa_core.errors import ConfigurationError

    if log_requests:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        load_offline().run_server(
            host,
            port,
            seed,
            task_latency=task_latency,
            reflection_latency=reflection_latency,
            log_requests=log_requests,
            faults=fault or (),
            on_start=_say_where,
        )
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"the simulated model cannot be served on {host}:{port}: {error}") from None


@offline.callback()
def _group() -> None:
    """Serve the simulated model, for trying things out without a key."""


def _say_where(server: Any) -> None:
    typer.echo(f"Simulated models at {server.base_url}; stop with Ctrl-C. To use them from another terminal:")
    typer.echo(f"  export OPENAI_BASE_URL={server.base_url} OPENAI_API_KEY=offline")
