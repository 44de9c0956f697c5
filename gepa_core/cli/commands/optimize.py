"""``gepa-core optimize``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gepa_core.cli.options import (
    AsJson,
    Concurrency,
    Dollars,
    Executor,
    Reflections,
    Rollouts,
    Seconds,
    Timeout,
    Tokens,
    absolute,
    given,
    limits,
)

_WHAT = "What to optimise"
_HOW = "How to run it"
_DRY = "Before the start"


def optimize(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET|FILE.toml",
            help="The app as module:object, or module:function that makes it; or a file with all settings.",
        ),
    ],
    *,
    train: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Examples to learn from: JSONL or CSV.", rich_help_panel=_WHAT),
    ] = None,
    val: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Examples to score candidates on.", rich_help_panel=_WHAT),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Examples to compare seed and best on, at the end.", rich_help_panel=_WHAT
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="MODULE:FUNCTION", help="Called with (example, output).", rich_help_panel=_WHAT),
    ] = None,
    reflection_lm: Annotated[
        str | None,
        typer.Option(
            metavar="PROVIDER/MODEL",
            help="The model that rewrites prompts; or module:object.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    components: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="prompts (the default), all, or names and globs; repeatable.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    budget: Rollouts = None,
    reflections: Reflections = None,
    tokens: Tokens = None,
    dollars: Dollars = None,
    seconds: Seconds = None,
    plugin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An installed plugin, or no:NAME to leave one out; repeatable.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME", help="default or paper.", rich_help_panel=_HOW)
    ] = None,
    lookahead: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Proposals on their way at once, 1 by default; more are quicker and find less per rollout.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Decides every random choice.", rich_help_panel=_HOW)
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where to store the run; a run that is there goes on.", rich_help_panel=_HOW
        ),
    ] = None,
    force_new: Annotated[
        bool,
        typer.Option(
            "--force-new",
            help="If DIR holds another run, begin this one beside it, in DIR-2.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    concurrency: Concurrency = None,
    timeout: Timeout = None,
    executor: Executor = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what it would cost. Calls no model, writes nothing.", rich_help_panel=_DRY
        ),
    ] = False,
    tries: Annotated[
        int | None,
        typer.Option(
            "--try",
            metavar="N",
            min=1,
            help="With --dry-run: run the app on N training examples, to learn what a rollout uses.",
            rich_help_panel=_DRY,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find better prompts for an app, and show what was found.

    Modules are imported from the working directory, or from the directory of FILE.toml, whose settings give
    way to options. A function or class that can be called without arguments is called to make the app.
    """
    from gepa_core.cli import settings
    from gepa_core.cli.dry_run import foresee
    from gepa_core.cli.execute import carry_out
    from gepa_core.errors import ConfigurationError

    if tries and not dry_run:
        raise ConfigurationError("--try N is for --dry-run: give both, or neither")
    options = given(
        trainset=absolute(train),
        valset=absolute(val),
        testset=absolute(test),
        metric=metric,
        reflection_lm=reflection_lm,
        components=_components(components),
        budget=limits(budget, reflections, tokens, dollars, seconds),
        plugins=plugin,
        preset=given(name=preset, lookahead=lookahead),
        seed=seed,
        run_dir=absolute(run_dir),
        execution=given(concurrency=concurrency, timeout=timeout, executor=executor),
    )
    if target.endswith(".toml"):
        file = Path(target).expanduser()
        raw = settings.merge(settings.read(file), options)
        made = settings.make(raw, file.absolute().parent, str(file))
    else:
        made = settings.make({"target": target, **options}, Path.cwd(), "optimize")
    if dry_run:
        foresee(made, tries=tries or 0, force_new=force_new, as_json=as_json)
    else:
        carry_out(made, force_new=force_new, as_json=as_json)


def _components(names: list[str] | None) -> str | list[str] | None:
    return names[0] if names and len(names) == 1 else names
