"""The demo: a LangChain support desk, optimised against the simulated model over HTTP."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import gepa_core
from gepa_core.cli.settings import FILE, Settings, make, read
from gepa_core.errors import ConfigurationError

_PACKAGE = Path(gepa_core.__file__).parent
_PLACES = (
    _PACKAGE / "examples" / "support_desk",  # in a wheel
    _PACKAGE.parent / "docs" / "examples" / "support_desk",  # in a checkout
)
_NEEDED = ("gepa_offline", "gepa_langchain", "langchain_openai")

_TASK_LATENCY = 0.06
_REFLECTION_LATENCY = 0.5
"""Seconds until the simulated models answer: enough to watch what happens."""

_INTRODUCTION = (
    "[bold]A support desk made with LangChain[/bold]: one prompt sorts a ticket, another writes the reply."
    " GEPA improves both from tickets on which they fail, and compares on tickets that it never saw.\n\n"
    "[magenta]The model is simulated.[/magenta] It runs on this machine, behind the HTTP protocol of a real"
    " one. Its scores say something about the search, and nothing about real models.\n"
)


def demonstrate(*, seed: int, budget: int) -> None:
    """Run the demo.

    Raises:
        GepaError: something that it needs is not installed, or the run failed.
    """
    from gepa_core.cli.console import messages
    from gepa_core.cli.execute import carry_out

    _check_installed()
    messages().print(_INTRODUCTION)
    carry_out(demo_settings(seed=seed, budget=budget), title="support desk")


def demo_settings(*, seed: int, budget: int) -> Settings:
    """The settings beside the example, with latencies that let one watch."""
    directory = _directory()
    own = {
        "seed": seed,
        "budget": budget,
        "execution": {"concurrency": 16},
        "offline": {
            "seed": seed,
            "task_latency": _TASK_LATENCY,
            "reflection_latency": _REFLECTION_LATENCY,
        },
    }
    return make({**read(directory / FILE), **own}, directory, "demo")


def _directory() -> Path:
    for place in _PLACES:
        if place.is_dir():
            return place
    raise ConfigurationError(
        f"the demo's app is missing: there is no {str(_PLACES[0])!r}; install gepa-core again"
    )


def _check_installed() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"the demo needs {', '.join(map(repr, missing))}, which"
            f' {"is" if len(missing) == 1 else "are"} not installed; run: pip install "gepa-core[demo]"'
        )
