"""What a run did: the events that it told, and the outcomes that it stored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import attrs

from gepa_core import hookimpl
from gepa_core.events import Event, Warned
from gepa_core.store import Store
from gepa_core.types import Outcome, Proposal, Purpose


@attrs.define(eq=False, kw_only=True)
class Watch:
    """Keeps events."""

    events: list[Event] = attrs.field(factory=list, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Keep one."""
        self.events.append(event)

    @property
    def warnings(self) -> list[str]:
        """What was warned of."""
        return [event.message for event in self.events if isinstance(event, Warned)]


def outcomes(directory: Path, *purposes: Purpose) -> list[Outcome]:
    """The stored outcomes that were wanted for ``purposes``."""
    store = Store.read(directory)
    found = [one for purpose in purposes for one in store.outcomes(purpose)]
    store.close()
    return found


def proposals(directory: Path) -> list[Proposal]:
    """The committed proposals of a run that may have ended with an error."""
    store = Store.read(directory)
    found = store.proposals()
    store.close()
    return found


def reasons(found: tuple[Proposal, ...]) -> Counter[str]:
    """How many proposals after the seed came to nothing, by the word that the reason begins with."""
    return Counter(one.reason.partition(":")[0] for one in found[1:] if one.status != "accepted")
