"""Ctrl-C and SIGTERM: the first ends a run cleanly, the second ends the process at once."""

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
    """Let the first SIGINT or SIGTERM raise KeyboardInterrupt, and the second end the process with code 130.

    Batch systems and containers send SIGTERM, and some time later SIGKILL: what is under way may finish.

    The process is ended without waiting for anything, worker threads included: what was paid for is
    in the store already, and a finished transaction survives.

    Args:
        on_first: called before KeyboardInterrupt is raised.
        on_second: called before the process ends, to leave the terminal as it was.
    """
    # Ignored are they under nohup, or where a program that started this one wants it so.
    signals = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        signals = []
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

    before = {one: signal.signal(one, handle) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
