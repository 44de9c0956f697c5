"""From errors to messages and exit codes.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the run cannot go on: a model, the metric, the app or the run directory failed |
| 2 | the call is wrong; nothing was spent |
| 130 | interrupted |
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

import typer

from gepa_core.errors import ConfigurationError, GepaError

P = ParamSpec("P")

FAILED = 1
WRONG_CALL = 2
INTERRUPTED = 130


def explained(command: Callable[P, None]) -> Callable[P, None]:
    """``command`` with every `GepaError` shown as a message. Other errors keep their traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except GepaError as error:
            say("error", "\n".join([str(error), *getattr(error, "__notes__", ())]), style="red")
            raise typer.Exit(WRONG_CALL if isinstance(error, ConfigurationError) else FAILED) from None
        except KeyboardInterrupt:
            say("interrupted", "nothing was lost, because nothing had begun", style="yellow")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None

    return run


def say(label: str, message: str, *, style: str, **options: Any) -> None:
    """Write ``label: message`` to standard error, unbroken where that is no terminal."""
    from rich.text import Text

    from gepa_core.cli.console import messages

    console = messages()
    text = Text.assemble((f"{label}: ", f"bold {style}"), message)
    console.print(text, soft_wrap=not console.is_terminal, **options)
