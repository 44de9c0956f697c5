"""A plugin that remembers what it was told."""

from __future__ import annotations

from typing import TypeVar

import attrs

from gepa_core.events import Event
from gepa_core.markers import hookimpl
from gepa_core.pool import Pool

E = TypeVar("E")


@attrs.define(eq=False)
class RecordingObserver:
    """Collects the events of a run. It decides nothing.

    Attributes:
        events: what it was told, in order.
        run_dirs: where the runs that it was in are stored.
        reasons: why they ended.
    """

    events: list[Event] = attrs.field(factory=list, init=False)
    run_dirs: list[str] = attrs.field(factory=list, init=False)
    reasons: list[str] = attrs.field(factory=list, init=False)

    @hookimpl
    def gepa_configure(self, run_dir: str) -> None:
        """Remember where the run is stored."""
        self.run_dirs.append(run_dir)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Remember an event."""
        self.events.append(event)

    @hookimpl
    def gepa_unconfigure(self, pool: Pool, reason: str) -> None:
        """Remember why the run ended."""
        del pool
        self.reasons.append(reason)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class, in order."""
        return [event for event in self.events if isinstance(event, kind)]
