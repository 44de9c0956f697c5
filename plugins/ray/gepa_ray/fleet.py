"""The workers of one run: started, given the app, handed out, and replaced when they are lost or hang."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import attrs

from gepa_core.errors import ConfigurationError, InfrastructureFault
from gepa_core.faults import describe
from gepa_core.pacing import Word, current_calls
from gepa_ray.asking import News
from gepa_ray.executor import RayExecutor
from gepa_ray.places import Member, Place
from gepa_ray.worker import Opened, Worker

_PAUSE = 0.3
"""Seconds between two questions to a worker that Ray is about to start anew."""
_TO_CLEAN_UP = 2.0
"""Seconds that an async rollout is given to end after it was cancelled."""
_CONTROL = 4
"""Calls that a worker takes beside its rollouts."""


@attrs.define(eq=False)
class Fleet:
    """Workers for one run.

    Attributes:
        parcel: reference to the packed app.
        hear: told what the rollout of a number says of its calls.
        broken: what keeps a worker from making the app, as all of them will.
    """

    settings: RayExecutor
    number: int
    parcel: Any
    runtime_env: dict[str, Any]
    hear: Callable[[int, Word], None]
    broken: ConfigurationError | None = None
    _members: list[Member] = attrs.field(factory=list)
    _places: asyncio.PriorityQueue[Place] = attrs.field(factory=asyncio.PriorityQueue)
    _arrivals: itertools.count[int] = attrs.field(factory=itertools.count)
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set)
    _heard: set[str] = attrs.field(factory=set)
    """Processes that are asked for news."""
    _decided: asyncio.Event = attrs.field(factory=asyncio.Event)
    """Set when a worker is ready, or can never be."""

    async def start(self) -> None:
        """Start the workers, and wait for the first.

        Raises:
            ConfigurationError: the app cannot be made there.
            InfrastructureFault: there was none in time.
        """
        for _ in range(self.number):
            member = Member(self._new_actor())
            self._members.append(member)
            self._spawn(self._bring_up(member))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._decided.wait(), self.settings.start_timeout)
        if self.broken is not None:
            raise self.broken
        if not self._decided.is_set():
            raise InfrastructureFault(_no_room(self.settings))

    async def take(self) -> Place:
        """Wait for room for a rollout. That is no part of the rollout's time.

        Raises:
            ConfigurationError: no worker can make the app any more.
            InfrastructureFault: there has been no worker for as long as a run waits for the first.
        """
        with current_calls().waiting():
            place = await self._next_place()
        place.member.busy += 1
        return place

    async def _next_place(self) -> Place:
        while True:
            try:
                place = await self._queued()
            except TimeoutError:
                if self.broken is not None:
                    raise self.broken from None
                if not any(member.busy for member in self._members):
                    raise InfrastructureFault(_no_room(self.settings)) from None
                continue
            if place.life != place.member.life:
                continue
            if place.member.doubts:
                place.member.withheld.append(place)
                continue
            return place

    async def _queued(self) -> Place:
        if not self._places.empty():
            return self._places.get_nowait()
        return await asyncio.wait_for(self._places.get(), self.settings.start_timeout)

    def give_back(self, place: Place) -> None:
        """The rollout came back."""
        self._left(place)
        if place.life == place.member.life:
            self._places.put_nowait(attrs.evolve(place, arrival=next(self._arrivals)))

    def lose(self, place: Place) -> None:
        """The worker is gone: what Ray starts in its place is given the app again."""
        member = place.member
        self._left(place)
        if place.life == member.life:
            member.life += 1
            member.leaving = False
            self._spawn(self._bring_up(member))

    def abandon(self, place: Place, rollout: Any) -> None:
        """Nobody waits for the rollout any more: end it, or the process that it hangs in."""
        if place.life != place.member.life and not place.member.leaving:
            self._left(place)
            return
        self._spawn(self._end(place, rollout))

    async def close(self) -> None:
        """End every worker, and whatever it runs."""
        import ray

        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for member in self._members:
            with contextlib.suppress(Exception):  # some are gone already
                ray.kill(member.actor)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _new_actor(self) -> Any:
        import ray

        given = {
            "num_cpus": self.settings.cpus_per_worker,
            "max_restarts": -1,
            "max_task_retries": 0,  # the run counts attempts, and knows which of them were paid for
            "max_concurrency": self.settings.rollouts_per_worker + _CONTROL,
            "scheduling_strategy": "SPREAD",
            **({"runtime_env": self.runtime_env} if self.runtime_env else {}),
            **self.settings.options,
        }
        return ray.remote(Worker).options(**given).remote()

    async def _bring_up(self, member: Member, gone: str = "") -> None:
        """Give the app to a worker, as soon as there is one, and then let it be used.

        Args:
            gone: a process that is ending and may still answer.
        """
        from ray.exceptions import ActorUnavailableError, RayError

        while True:
            try:
                opened: Opened = await arrival(member.actor.open.remote(self.parcel))
            except ActorUnavailableError:
                await asyncio.sleep(_PAUSE)
            except RayError as error:
                # Ray has given this actor up.
                if _is_refused(error):
                    self._give_up(f"Ray cannot start a worker: {describe(error)}")
                    return
                await asyncio.sleep(_PAUSE)
                member.actor = self._new_actor()
            else:
                if opened.problem:
                    self._give_up(opened.problem)
                    return
                member.process, member.is_async = opened.process, opened.is_async
                if member.process != gone:
                    break
                await asyncio.sleep(_PAUSE)
        if member.process not in self._heard:
            self._spawn(self._listen(member.actor, member.process))
        for index in range(self.settings.rollouts_per_worker):
            self._places.put_nowait(Place(index, next(self._arrivals), member, member.life))
        self._decided.set()

    async def _listen(self, actor: Any, process: str) -> None:
        """Ask a worker for what its rollouts say of their calls, for as long as its process lives."""
        from ray.exceptions import ActorUnavailableError, RayError

        self._heard.add(process)
        while True:
            try:
                news: News = await arrival(actor.news.remote())
            except ActorUnavailableError:
                await asyncio.sleep(_PAUSE)
            except RayError:
                break
            else:
                for rollout, word in news:
                    self.hear(rollout, word)
        self._heard.discard(process)

    def _give_up(self, problem: str) -> None:
        self.broken = ConfigurationError(problem)
        self._decided.set()

    async def _end(self, place: Place, rollout: Any) -> None:
        """Cancel a rollout. A thread cannot be cancelled, so a worker with a sync app is started anew.

        Of an app that blocks the event loop the process is ended at once: its other rollouts are as stuck,
        and are tried again elsewhere. Otherwise they are let come to their end.
        """
        member, is_stuck = place.member, False
        if member.is_async and not member.leaving:
            has_ended, is_stuck = await self._cancel(member, rollout)
            if has_ended:
                self.give_back(place)
                return
        if place.life == member.life:
            member.life += 1
            member.leaving = True
        if is_stuck and member.leaving:
            self._kill(member)
        self._left(place)

    async def _cancel(self, member: Member, rollout: Any) -> tuple[bool, bool]:
        """Whether the rollout ended, and whether its event loop is blocked."""
        import ray

        member.doubts += 1
        ray.cancel(rollout)
        answer = arrival(member.actor.is_there.remote())
        ended, _ = await asyncio.wait({arrival(rollout)}, timeout=_TO_CLEAN_UP)
        member.doubts -= 1
        if not member.doubts:
            withheld, member.withheld = member.withheld, []
            for place in withheld:  # those of a process that ends are passed over later
                self._places.put_nowait(place)
        return bool(ended), not answer.done()

    def _kill(self, member: Member) -> None:
        import ray

        if not member.killed:
            member.killed = True
            with contextlib.suppress(Exception):  # it is gone already
                ray.kill(member.actor, no_restart=False)

    def _left(self, place: Place) -> None:
        """A rollout is over; the last one of a worker that is to leave lets it go."""
        member = place.member
        member.busy -= 1
        if member.leaving and member.busy == 0:
            self._kill(member)
            member.leaving = member.killed = False
            self._spawn(self._bring_up(member, gone=member.process))


def arrival(reference: Any) -> asyncio.Future[Any]:
    """What a call of an actor will return. Cancelling it leaves the call to itself."""
    found = asyncio.wrap_future(reference.future())
    shield = asyncio.shield(found)
    for one in (found, shield):
        one.add_done_callback(_look)
    return shield


def _look(found: asyncio.Future[Any]) -> None:
    """So that asyncio does not complain of an error that nobody waits for."""
    if not found.cancelled():
        found.exception()


def _is_refused(error: Exception) -> bool:
    """Whether the next worker would not start either: its environment cannot be made, or lacks a package."""
    from ray.exceptions import RuntimeEnvSetupError

    return isinstance(error, RuntimeEnvSetupError) or "creation task" in str(error)


def _no_room(settings: RayExecutor) -> str:
    import ray

    ask: Any = ray  # two functions without types
    there, free = (dict(sorted(one.items())) for one in (ask.cluster_resources(), ask.available_resources()))
    return (
        f"Ray started no worker in {settings.start_timeout:g} seconds: one wants {settings.cpus_per_worker:g}"
        f" CPUs{f' and {dict(settings.options)}' if settings.options else ''}, and of {there} the cluster has"
        f" {free} free. Ask for less, or wait longer (start_timeout)"
    )
