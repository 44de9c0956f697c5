"""``gepa-core inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gepa_core.cli.options import AsJson


def inspect(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET|FILE.toml", help="The app as module:object, or module:function that makes it."
        ),
    ],
    trial: Annotated[
        Path | None,
        typer.Option(
            "--try",
            metavar="FILE",
            help="Run the app on rows of a .jsonl or .csv file: which texts reach a model?",
        ),
    ] = None,
    examples: Annotated[int, typer.Option(metavar="N", min=1, max=10, help="Rows to try.")] = 2,
    full: Annotated[bool, typer.Option("--full", help="Show the texts too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the prompts that are found in an app, and what is left alone."""
    from gepa_core.adapters import wrap
    from gepa_core.cli import components, settings, trying
    from gepa_core.cli.console import output
    from gepa_core.cli.targets import load_target
    from gepa_core.errors import ConfigurationError

    directory = Path.cwd()
    if target.endswith(".toml"):
        file = Path(target).expanduser()
        raw = settings.read(file)
        if "target" not in raw:
            raise ConfigurationError(f"{target!r} names no target; give the app as module:object")
        target, directory = raw["target"], file.absolute().parent / raw.get("directory", ".")
    app = load_target(target, directory)
    system = wrap(app)
    probe = None if trial is None else trying.try_out(system, trial, examples)
    if as_json:
        typer.echo(components.as_json(system, probe))
    else:
        adapter = trying.adapter_with_sent(app)
        components.write(output(), system, target, full=full, probe=probe, adapter=adapter)
