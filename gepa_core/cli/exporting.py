"""The best texts of a stored run, as files and as a diff."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from gepa_core.cli.summary import Summary
from gepa_core.cli.wording import place
from gepa_core.errors import ConfigurationError
from gepa_core.patch import make_patch
from gepa_core.saved import SavedTexts
from gepa_core.types import Component


def best_of(found: Summary) -> SavedTexts:
    """The best candidate's texts, with those that the run began with.

    Raises:
        ConfigurationError: the run has no candidate yet.
    """
    if found.best is None or found.seed is None:
        raise ConfigurationError(
            f"the run in {place(found.directory)!r} has no candidate yet: its seed was not scored"
        )
    return SavedTexts(texts=found.best.candidate.texts, seed=found.seed.candidate.texts)


def write_patch(sources: Path, components: Sequence[Component], saved: SavedTexts) -> None:
    """Print the diff, and say on standard error what is not in it.

    Raises:
        ConfigurationError: ``sources`` is no folder.
    """
    if not sources.is_dir():
        raise ConfigurationError(f"{place(sources)!r} is not a folder of Python files")
    patch = make_patch(sources, components, saved.texts)
    typer.echo(patch.diff, nl=False)
    for name, reason in patch.left.items():
        typer.echo(f"not in the diff: {name}: {reason}", err=True)
    if patch.left:
        folder = place(sources.resolve())
        typer.echo(f"Looked into the Python files in {folder}; --sources DIR names another folder.", err=True)
    if not patch.diff and not patch.left:
        typer.echo("nothing to change: the best texts are those of the app", err=True)
