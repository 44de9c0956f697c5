"""Carrying a run out under the eyes of a person."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import typer

from gepa_core import private
from gepa_core.cli import wording
from gepa_core.cli.call import Call, prepare
from gepa_core.cli.console import messages, output
from gepa_core.cli.errors import INTERRUPTED, say
from gepa_core.cli.interrupts import two_step
from gepa_core.cli.offline_model import offline_model
from gepa_core.cli.settings import FILE, Settings
from gepa_core.cli.stored import run_name
from gepa_core.errors import ConfigurationError, GepaError
from gepa_core.markers import hookimpl

if TYPE_CHECKING:
    from rich.console import Console

    from gepa_core.cli.progress import Progress
    from gepa_core.result import Result


@attrs.define(eq=False, kw_only=True)
class KeepSettings:
    """Writes the settings into the run directory, once the run is known to begin."""

    settings: Settings

    @hookimpl
    def gepa_configure(self, run_dir: str) -> None:
        """Keep what `resume` needs."""
        private.write(Path(run_dir) / FILE, self.settings.as_toml())


def carry_out(
    settings: Settings,
    *,
    title: str = "",
    run_dir: Path | None = None,
    force_new: bool = False,
    as_json: bool = False,
) -> None:
    """Run it, show progress, and write what came of it.

    Args:
        title: for the panel; the target when empty.
        run_dir: a stored run to go on with.
        force_new: whether to begin beside another run that is in the run directory.
        as_json: write what came of it as ``show --json`` does.

    Raises:
        GepaError: the run cannot begin or go on.
        typer.Exit: it was interrupted; how to resume was said.
    """
    from gepa_core.cli.progress import Progress
    from gepa_core.cli.watch import Watch

    console = messages()
    title = title or settings.target
    with offline_model(settings.raw.get("offline")):
        with _loading(console, settings.target):
            call = prepare(settings, run_dir, force_new=force_new)
        progress = Progress(
            console=console,
            title=title,
            watch=Watch(budget=settings.budget),
            simulated="offline" in settings.raw,
        )
        result = _optimize(call, settings, progress)
    if as_json:
        _write_json(result)
    else:
        _report(result, simulated=progress.simulated)
    if not result.complete:
        raise typer.Exit(1)


@contextlib.contextmanager
def _loading(console: Console, target: str) -> Iterator[None]:
    """Show that something is loading, on a terminal: a spinner is noise in a log."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield
        return
    with console.status(f"Loading {target} …"):
        yield


def _optimize(call: Call, settings: Settings, progress: Progress) -> Result:
    from gepa_core.api import optimize

    is_new = not call.run_dir.exists()
    observers = (progress, KeepSettings(settings=settings))
    try:
        with two_step(progress.stop, progress.abandon), progress.shown():
            return optimize(
                call.target,
                **call.arguments,
                plugins=[*call.plugins, *observers],
                run_dir=call.run_dir,
            )
    except KeyboardInterrupt:
        say("interrupted", _how_to_resume(call.run_dir, progress), style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    except GepaError as error:
        if is_new and progress.watch.run is None:
            shutil.rmtree(call.run_dir, ignore_errors=True)  # nothing began, so nothing is kept
        elif not isinstance(error, ConfigurationError):
            error.add_note(_how_to_resume(call.run_dir, progress))
        raise


def _how_to_resume(run_dir: Path, progress: Progress) -> str:
    watch = progress.watch
    if watch.run is None:
        return "nothing was spent, because nothing had begun"
    run_dir = Path(watch.run.run_dir)  # perhaps beside the one that was asked for
    kept = f"{wording.count(watch.spent, 'rollout')} of this run are kept in {wording.place(run_dir)!r}"
    return f"{kept}. Go on with:\n  gepa-core resume {run_name(run_dir)}"


def _write_json(result: Result) -> None:
    from gepa_core.cli import showing
    from gepa_core.cli.stored import reading
    from gepa_core.cli.summary import summarise

    with reading(result.run_dir) as store:
        typer.echo(showing.as_json(summarise(store), store))


def _report(result: Result, *, simulated: bool) -> None:
    from gepa_core.cli import ledger, report

    console, name = output(), run_name(result.run_dir)
    report.write(console, *report.scores(result.val, result.test, simulated=simulated))
    report.write(console, *report.changes(result.seed.texts, result.best.texts))
    report.write(console, *ledger.ledger(result.cost, simulated=simulated))
    console.print()
    report.write(console, report.ending(result.stop_reason, result.tally, result.cost, result.run_dir))
    on = (f"gepa-core resume {name} --budget N", "go on, with more")
    if not result.complete:
        on = (f"gepa-core resume {name}", "go on, when the fault has passed")
    lines = (f"gepa-core show {name}", "every proposal"), on, ("gepa-core runs", "all runs")
    report.write(console, *report.commands(dict(lines)))
