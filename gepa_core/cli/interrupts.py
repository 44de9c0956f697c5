"""Ctrl-C: the first ends a run cleanly, the second ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from gepa_core.cli.errors import INTERRUPTED


@contextlib.contextmanager
def two_step(on_first: Callable[[], None], on_second: Callable[[], None]) -> Iterator[None]:
    """Let the first SIGINT raise KeyboardInterrupt, and the second end the process with code 130.

    The process is ended without waiting for anything, worker threads included: what was paid for is
    in the store already, and a finished transaction survives.

    Args:
        on_first: called before KeyboardInterrupt is raised.
        on_second: called before the process ends, to leave the terminal as it was.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as under nohup
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = False

    def handle(_signal: int, _frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            try:
                on_second()
            finally:
                os._exit(INTERRUPTED)
        seen = True
        on_first()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
