"""A run's rollouts on a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import attrs

from gepa_core.errors import InfrastructureFault
from gepa_core.faults import describe
from gepa_core.pacing import current_calls
from gepa_core.protocols import Adapter, System
from gepa_core.types import Rollout
from gepa_core.workers import Workers
from gepa_ray.asking import Desks
from gepa_ray.connection import connect, disconnect
from gepa_ray.crossing import pack_question, unpack_answer
from gepa_ray.executor import RayExecutor
from gepa_ray.fleet import Fleet, arrival
from gepa_ray.shipping import packed
from gepa_ray.worker import Answer


@attrs.define(eq=False, kw_only=True)
class RaySession:
    """The connection to the cluster and the workers of one run."""

    settings: RayExecutor
    target: Any
    system: System
    adapter: Adapter | None
    concurrency: int
    _threads: Workers = attrs.field(factory=Workers, init=False)
    _connected: bool = attrs.field(default=False, init=False)
    _fleet: Fleet | None = attrs.field(default=None, init=False)
    _desks: Desks = attrs.field(factory=Desks, init=False)

    async def open(self) -> None:
        """Pack the app, connect, start workers and wait for the first.

        Raises:
            ConfigurationError: the app cannot be packed, or cannot be made there.
            InfrastructureFault: the cluster cannot be reached, or has no room.
        """
        parcel = packed(self.target, self.system, self.adapter, self.settings.app)  # first, since it is quick
        self._connected = await self._threads.run(connect, self.settings)
        import ray

        self._fleet = Fleet(
            settings=self.settings,
            number=self.settings.number_of_workers(self.concurrency),
            parcel=ray.put(parcel),
            # A connection of our own has it already.
            runtime_env={} if self._connected else dict(self.settings.runtime_env),
            hear=self._desks.hear,
        )
        await self._fleet.start()

    async def run(self, _system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        """Run a candidate on some worker.

        Raises:
            InfrastructureFault: the worker was lost.
            ConfigurationError: the inputs or the output cannot be pickled, or a worker cannot make the app.
        """
        if self._fleet is None:
            raise AssertionError("the session is not open")
        if self._fleet.broken is not None:
            raise self._fleet.broken
        question = pack_question(texts, inputs)
        answer = await self._answer(self._fleet, question)
        found: Rollout = unpack_answer(answer)
        return found

    async def close(self) -> None:
        """End the workers, and the connection if no other run uses it."""
        if self._fleet is not None:
            await self._fleet.close()
        if self._connected:
            await self._threads.run(disconnect)
        self._threads.close()

    async def _answer(self, fleet: Fleet, question: bytes) -> bytes:
        from ray.exceptions import RayError

        place = await fleet.take()
        actor, rollout = place.member.actor, None
        number = self._desks.open(current_calls(), actor.hear.remote)
        try:
            rollout = actor.run.remote(number, question)
            answer: Answer | None = await arrival(rollout)
            for word in answer.words if answer is not None else ():
                self._desks.hear(number, word)
        except asyncio.CancelledError:
            fleet.abandon(place, rollout)
            raise
        except RayError as error:
            fleet.lose(place)
            raise InfrastructureFault(f"a worker of Ray was lost: {describe(error)}") from error
        finally:
            self._desks.close(number)
        if answer is None:
            fleet.lose(place)
            raise InfrastructureFault("a worker of Ray was started anew")
        fleet.give_back(place)
        return answer.packed
