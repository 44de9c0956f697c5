"""Waiting for the commits before one's own."""

from __future__ import annotations

import asyncio

import attrs

from gepa_core.gate import Gate
from gepa_core.pool import Pool
from gepa_core.state import State


@attrs.define(eq=False)
class Commits:
    """The commits of a run, for proposals that decide late by what earlier ones became.

    What is decided so does not depend on timing either: however long it takes, the pool that a proposal
    waits for is the one that all proposals before it left.
    """

    state: State
    gate: Gate
    _waiting: dict[int, asyncio.Future[None]] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.gate.on_halt(self._let_all_go)

    async def before(self, number: int) -> Pool:
        """The pool as every proposal before ``number`` left it, once they are committed.

        Raises:
            Halted: the run ends before that.
            InfrastructureFault: the run ends before that, because of it.
        """
        if not self._are_made(number) and not self.gate.halted:
            self._waiting[number] = asyncio.get_running_loop().create_future()
            await self._waiting[number]
        if not self._are_made(number):
            raise self.gate.refusal
        return Pool(self.state, number - 1)

    def made(self) -> None:
        """One more was made: let whoever waited for it go on."""
        _let_go(self._waiting.pop(self.state.committed + 1, None))

    def _are_made(self, number: int) -> bool:
        return self.state.committed >= number - 1

    def _let_all_go(self) -> None:
        while self._waiting:
            _let_go(self._waiting.popitem()[1])


def _let_go(turn: asyncio.Future[None] | None) -> None:
    if turn is not None and not turn.done():
        turn.set_result(None)
