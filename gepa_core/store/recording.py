"""Outcomes on their way to the disk: those that are finished together are written together."""

from __future__ import annotations

import asyncio

import attrs

from gepa_core.store.layout import Record
from gepa_core.store.store import Store
from gepa_core.types import Outcome, Purpose


@attrs.define(eq=False)
class GroupCommit:
    """Writes the outcomes that are finished in one turn of the event loop in one transaction."""

    _store: Store
    _records: list[Record] = attrs.field(factory=list, init=False)
    _written: list[asyncio.Future[None]] = attrs.field(factory=list, init=False)

    async def save(self, outcome: Outcome, purpose: Purpose) -> Outcome:
        """`Store.save_outcome`, which returns when the outcome is on disk.

        Raises:
            StoreError: nothing of what was finished in this turn could be written.
        """
        # At once, since whoever made the outcome may go on changing what it holds.
        record, read_back = self._store.record(outcome, purpose)
        loop = asyncio.get_running_loop()
        if not self._records:
            loop.call_soon(self._commit)
        written = loop.create_future()
        self._records.append(record)
        self._written.append(written)
        await written
        return read_back

    def _commit(self) -> None:
        records, written = self._records, self._written
        self._records, self._written = [], []
        try:
            self._store.save_records(records)
        except Exception as error:
            for one in written:
                if not one.done():
                    one.set_exception(error)
        else:
            for one in written:
                if not one.done():  # it is, if whoever waits was cancelled: the outcome is kept all the same
                    one.set_result(None)
