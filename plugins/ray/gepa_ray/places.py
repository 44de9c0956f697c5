"""Workers, and the room that they have for rollouts."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.define(eq=False)
class Member:
    """A worker, whichever process it is at present.

    Attributes:
        actor: Ray's handle.
        process: what the process calls itself; empty before it was opened.
        life: counts the processes; a place of an earlier one is worth nothing.
        busy: rollouts that it runs.
        doubts: rollouts that were cancelled on its event loop and have not ended yet. An app may block the
            loop, and then nothing else on it goes on, so no rollout is begun there meanwhile.
        withheld: places that came up while there were doubts.
        leaving: whether it takes no more and is to be started anew once it is idle.
        killed: whether the process that is to leave was ended already.
    """

    actor: Any
    process: str = ""
    is_async: bool = False
    life: int = 0
    busy: int = 0
    doubts: int = 0
    withheld: list[Place] = attrs.field(factory=list)
    leaving: bool = False
    killed: bool = False


@attrs.frozen(order=True)
class Place:
    """Room for one rollout. First places of all workers come before second ones, so that load is spread."""

    index: int
    arrival: int
    member: Member = attrs.field(order=False)
    life: int = attrs.field(order=False)
