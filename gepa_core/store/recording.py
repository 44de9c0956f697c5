"""Outcomes on their way to the disk: those that are finished together are written together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TypeAlias

import attrs

from gepa_core.store.layout import Record
from gepa_core.store.store import Store
from gepa_core.types import Outcome, Purpose

Then: TypeAlias = Callable[[Outcome | Exception], None]


@attrs.define(eq=False)
class GroupCommit:
    """Writes the outcomes that are finished in one turn of the event loop in one transaction."""

    _store: Store
    _records: list[Record] = attrs.field(factory=list, init=False)
    _waiting: list[tuple[Then, Outcome]] = attrs.field(factory=list, init=False)
    _context: Context = attrs.field(factory=copy_context, init=False)
    """That of the run: what goes on from here must not see what an app put into that of its rollout."""

    def save(self, outcome: Outcome, purpose: Purpose, then: Then) -> None:
        """`Store.save_outcome`, which calls ``then`` with what it returns when the outcome is on disk.

        Args:
            then: given the `StoreError` instead if nothing of what was finished in this turn could be
                written.

        Raises:
            StoreError: the candidate's dictionary cannot be read.
        """
        # At once, since whoever made the outcome may go on changing what it holds.
        record, read_back = self._store.record(outcome, purpose)
        if not self._records:
            asyncio.get_running_loop().call_soon(self._commit, context=self._context)
        self._records.append(record)
        self._waiting.append((then, read_back))

    def _commit(self) -> None:
        records, waiting = self._records, self._waiting
        self._records, self._waiting = [], []
        error: Exception | None = None
        try:
            self._store.save_records(records)
        except Exception as raised:
            error = raised
        _tell(deque((then, error or outcome) for then, outcome in waiting))


def _tell(left: deque[tuple[Then, Outcome | Exception]]) -> None:
    """Tell everybody, also when somebody is interrupted meanwhile."""
    try:
        while left:
            then, result = left.popleft()
            then(result)
    finally:
        if left:
            asyncio.get_running_loop().call_soon(_tell, left)
