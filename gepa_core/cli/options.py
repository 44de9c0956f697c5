"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

_LIMITS = "Limits"
_HOW = "How to run it"

Rollouts: TypeAlias = Annotated[
    int | None,
    typer.Option("--budget", metavar="N", help="Rollouts: runs of the app.", rich_help_panel=_LIMITS),
]
Dollars: TypeAlias = Annotated[
    float | None, typer.Option(metavar="USD", help="Cost of all model calls.", rich_help_panel=_LIMITS)
]
Seconds: TypeAlias = Annotated[
    float | None, typer.Option(metavar="S", help="Wall clock of this command.", rich_help_panel=_LIMITS)
]
Tokens: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Tokens of all model calls.", rich_help_panel=_LIMITS)
]
Reflections: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Calls of the reflection model.", rich_help_panel=_LIMITS)
]
Concurrency: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Model-calling operations at once.", rich_help_panel=_HOW)
]
Timeout: TypeAlias = Annotated[
    float | None,
    typer.Option(metavar="S", help="Seconds that one rollout may take.", rich_help_panel=_HOW),
]
Executor: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Where rollouts run: local, or an installed executor such as ray.",
        rich_help_panel=_HOW,
    ),
]
RunName: TypeAlias = Annotated[
    str, typer.Argument(metavar="RUN", help="A name that `gepa-core runs` lists, or a directory.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Write JSON, for other programs.")]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, by the key that they have in a settings file."""
    return {key: value for key, value in options.items() if value not in (None, [], {})}


def limits(
    rollouts: int | None,
    reflections: int | None,
    tokens: int | None,
    dollars: float | None,
    seconds: float | None,
) -> Mapping[str, Any]:
    """The budget as a table."""
    return given(rollouts=rollouts, reflections=reflections, tokens=tokens, dollars=dollars, seconds=seconds)


def absolute(path: Path | None) -> str | None:
    """A path from the command line, which is relative to the working directory."""
    return None if path is None else str(path.expanduser().absolute())
