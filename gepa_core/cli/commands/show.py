"""``gepa-core show``."""

from __future__ import annotations

from typing import Annotated

import typer

from gepa_core.cli.options import AsJson, RunName


def show(
    run: RunName,
    proposal: Annotated[
        int | None,
        typer.Option(metavar="N", help="Show one proposal, with what the reflection model answered."),
    ] = None,
    example: Annotated[
        str,
        typer.Option(
            metavar="ID", help="With --proposal: show what the app did on one example, step by step."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show what a stored run found: scores, cost, every proposal, and how each prompt changed."""
    from gepa_core.api import RUNS
    from gepa_core.cli import showing
    from gepa_core.cli.console import output
    from gepa_core.cli.stored import find_run, reading
    from gepa_core.cli.summary import summarise

    if example and proposal is None:
        raise typer.BadParameter("name the proposal, too: --proposal N", param_hint="--example")
    with reading(find_run(run, RUNS)) as store:
        found = summarise(store)
        if proposal is not None:
            from gepa_core.cli import proposals

            chosen = proposals.find(found, proposal)
            if example:
                from gepa_core.cli import trajectory

                rollouts = trajectory.find(found, store, chosen, example)
                if as_json:
                    typer.echo(trajectory.as_json(rollouts))
                else:
                    trajectory.write(output(), found, rollouts)
            elif as_json:
                typer.echo(proposals.as_json(found, store, chosen))
            else:
                proposals.write(output(), found, store, chosen)
        elif as_json:
            typer.echo(showing.as_json(found, store))
        else:
            showing.write(output(), found, store)
