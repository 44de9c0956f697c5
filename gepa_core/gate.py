"""One limit of concurrency for everything that calls a model, and the switch that ends a run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gepa_core.errors import GepaError


class Halted(GepaError):
    """Nothing more may begin; the message says why."""


class Gate:
    """Lets at most ``concurrency`` calls be under way, and none begin after `halt`.

    What is under way when the gate is halted is left to finish, so that what it cost is kept.
    """

    def __init__(self, concurrency: int) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._closed = asyncio.Event()
        self._reason = ""

    @property
    def halted(self) -> str:
        """Why nothing more may begin; empty when it may."""
        return self._reason

    def halt(self, reason: str) -> None:
        """Let nothing more begin. The first reason stays."""
        self._reason = self._reason or reason
        self._closed.set()

    async def pause(self, seconds: float) -> None:
        """Wait before another attempt, or until the gate is halted, so that a run need not wait to end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place and hold it.

        Raises:
            Halted: nothing more may begin.
        """
        async with self._places:
            if self._reason:
                raise Halted(self._reason)
            yield
