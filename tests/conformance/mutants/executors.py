"""Executors with one mistake each: `LOCAL` ones run rollouts in this process, `FORKED` ones in others."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gepa_core.errors import ConfigurationError, InfrastructureFault
from gepa_core.jsonable import to_jsonable
from gepa_core.local import LocalSession
from gepa_core.pacing import CallDesk, Calls
from gepa_core.protocols import Session, System
from gepa_core.types import Rollout
from tests.conformance.forked import ForkedSession

RUN = "test_a_run_is_the_run_here"
PLACE = "test_rollouts_run_where_it_says"
BACK = "test_rollouts_come_back_as_they_were"
ERRORS = "test_errors_are_judged_as_here"
AT_ONCE = "test_rollouts_are_under_way_at_once"
CANCELLED = "test_a_rollout_that_is_cancelled_leaves_its_place"
LOST = "test_a_worker_that_is_lost_is_a_passing_fault"
BY_VALUE = "test_texts_and_inputs_are_given_by_value"
ASKED = "test_models_are_called_when_the_run_lets_them"
REFUSED = "test_an_app_that_cannot_be_brought_there_is_refused"
FAILED_RUN = "test_a_run_that_fails_leaves_the_executor_as_it_was"
SHARED = "test_runs_at_the_same_time_share_an_executor"

Made = Callable[[System], Session]


@attrs.frozen
class Makes:
    """An executor of sessions."""

    make: Made

    def session(self, target: Any, *, system: System, adapter: Any, concurrency: int) -> Session:
        del target, adapter, concurrency
        return self.make(system)


class Here(LocalSession):
    """The built-in one, to be changed."""

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        return await super().run(system, texts, inputs)


class RunsTheSeed(Here):
    """Has the app, and forgets the candidate."""

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        del texts
        return await super().run(system, {}, inputs)


class ThroughJson(Here):
    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        rollout = await super().run(system, texts, inputs)
        output: Any = rollout.output if isinstance(rollout.output, int) else to_jsonable(rollout.output)
        return attrs.evolve(rollout, output=output)


class WordsOfErrors(Here):
    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        try:
            rollout = await super().run(system, texts, inputs)
        except Exception as error:
            raise RuntimeError(str(error)) from None
        error_ = rollout.error
        return rollout if error_ is None else attrs.evolve(rollout, error=RuntimeError(str(error_)))


class OneByOne(Here):
    def __init__(self) -> None:
        super().__init__()
        self.turn = asyncio.Lock()

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        async with self.turn:
            return await super().run(system, texts, inputs)


class KeepsThePlace(Here):
    """Of a rollout that is cancelled, until it ends by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.places = asyncio.Semaphore(2)

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        await self.places.acquire()
        work = asyncio.ensure_future(super().run(system, texts, inputs))
        work.add_done_callback(lambda _: self.places.release())
        return await asyncio.shield(work)


class AnswersWhenCancelled(Here):
    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        try:
            return await super().run(system, texts, inputs)
        except asyncio.CancelledError:
            return Rollout(error=TimeoutError("it took too long"))


class KeepsCandidates(Here):
    """By their texts, so that an app that writes into them writes for all."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[str, str]] = {}

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        mine = self.kept.setdefault(repr(sorted(texts.items())), dict(texts))
        return await super().run(system, mine, inputs)


class AsksNobody(Here):
    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        with Calls().active():
            return await super().run(system, texts, inputs)


class RefusesLate(Here):
    """Finds out at the first rollout."""

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        pickle.dumps(system)
        return await super().run(system, texts, inputs)


class CannotBeClosed(Here):
    async def close(self) -> None:
        raise ConfigurationError("it is not open")


_only = LocalSession()
_users: list[object] = []


class SharesItsEnd(Here):
    """Ends what all sessions use."""

    async def open(self) -> None:
        _users.append(self)

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        if self not in _users:
            raise InfrastructureFault("the connection is closed")
        return await super().run(system, texts, inputs)

    async def close(self) -> None:
        _users.clear()


def only_session(_system: System) -> Session:
    return _only


LOCAL: dict[str, tuple[Made, set[str]]] = {
    kind.__name__: (lambda _system, kind=kind: kind(), found_by)  # type: ignore[misc]
    for kind, found_by in {
        RunsTheSeed: {RUN, BACK},
        ThroughJson: {BACK},
        WordsOfErrors: {ERRORS},
        OneByOne: {AT_ONCE},
        KeepsThePlace: {CANCELLED},
        AnswersWhenCancelled: {CANCELLED},
        KeepsCandidates: {BY_VALUE},
        AsksNobody: {ASKED},
        RefusesLate: {REFUSED},
        CannotBeClosed: {RUN, FAILED_RUN},
        SharesItsEnd: {SHARED},
    }.items()
}
LOCAL["only_session"] = (only_session, {FAILED_RUN})


class BlamesTheCandidate(ForkedSession):
    """For a process that was lost."""

    async def run(self, system: System, texts: Mapping[str, str], inputs: Any) -> Rollout:
        try:
            return await super().run(system, texts, inputs)
        except InfrastructureFault as error:
            return Rollout(error=RuntimeError(str(error)))


class RaisesTheApps(ForkedSession):
    """Errors of the app as infrastructure faults."""

    def returned(self, found: Any) -> Rollout:
        if isinstance(found, Rollout) and found.error is not None:
            raise InfrastructureFault(str(found.error))
        return super().returned(found)


class HearsNothing(ForkedSession):
    """Lets every call begin, and passes nothing on."""

    async def answer(self, here: Any, desk: CallDesk) -> Rollout:
        return await super().answer(here, CallDesk(Calls(), desk.reply))


FORKED: dict[str, tuple[Made, set[str]]] = {
    kind.__name__: (kind, found_by)
    for kind, found_by in {
        BlamesTheCandidate: {LOST},
        RaisesTheApps: {ERRORS},
        HearsNothing: {ASKED},
    }.items()
}
