"""``gepa-core plugins``."""

from __future__ import annotations

from gepa_core.cli.options import AsJson


def plugins(as_json: AsJson = False) -> None:
    """List plugins, adapters and executors, and what is broken."""
    import json

    import typer

    from gepa_core.cli import installed
    from gepa_core.cli.console import output

    found = installed.look()
    if as_json:
        import attrs

        typer.echo(
            json.dumps(
                {kind: [attrs.asdict(one) for one in those] for kind, those in found.items()}, indent=2
            )
        )
    else:
        installed.write(output(), found)
