"""``gepa-core export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gepa_core.cli.options import RunName


def export(
    run: RunName,
    directory: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Write prompts.json and prompts.md into this folder."),
    ] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Print a diff of the app's Python files, for `git apply`.")
    ] = False,
    sources: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder with the app's source, for --patch.")
    ] = Path(),
) -> None:
    """Take the best texts out of a stored run: as files, or as a diff of the app's source."""
    from gepa_core.api import RUNS
    from gepa_core.cli.exporting import best_of, write_patch
    from gepa_core.cli.stored import find_run, reading
    from gepa_core.cli.summary import summarise
    from gepa_core.cli.wording import place
    from gepa_core.errors import ConfigurationError

    if directory is None and not patch:
        raise ConfigurationError("say what to make of the texts: --to DIR for files, --patch for a diff")
    with reading(find_run(run, RUNS)) as store:
        found = summarise(store)
    saved = best_of(found)
    if directory is not None:
        saved.save(directory)
        typer.echo(f"wrote prompts.json and prompts.md into {place(directory)}", err=True)
    if patch:
        write_patch(sources, found.components, saved)
