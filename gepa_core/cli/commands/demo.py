"""``gepa-core demo``."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    seed: Annotated[int, typer.Option(metavar="N", help="Decides every random choice.")] = 0,
    budget: Annotated[int, typer.Option(metavar="N", help="Rollouts: runs of the app.")] = 700,
) -> None:
    """Watch a LangChain app get better, with a simulated model: no key, no network, under a minute."""
    from gepa_core.cli.demonstration import demonstrate

    demonstrate(seed=seed, budget=budget)
