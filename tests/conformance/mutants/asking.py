"""Mistakes by which rate limits would not hold."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import attrs

from gepa_core.errors import InfrastructureFault
from gepa_core.pacing import Call, Calls
from gepa_core.types import Step, Usage
from tests.conformance.mutants.base import System, Texts, as_mutant, mistake


@attrs.frozen(eq=False)
class Around(Calls):
    """What a rollout was given, less what a mistake makes of it."""

    given: Calls

    def begin(self, model: str) -> Call:
        return self.given.begin(model)


def asks(around: Callable[[Calls], Calls]) -> Callable[[Any], Any]:
    """A system whose models ask otherwise."""

    class Changed(System):
        def _recorded(self, texts: Texts, steps: list[Step]) -> Any:
            found = super()._recorded(texts, steps)
            return {site: attrs.evolve(model, calls=around(model.calls)) for site, model in found.items()}

    return lambda system: as_mutant(system, Changed)


LEAVE = "test_leave_is_asked_for_before_each_model_call"


@mistake(LEAVE, "test_a_wait_that_a_provider_asks_for_is_passed_on", "test_no_model_is_called_without_leave")
def asks_nobody(system: Any) -> Any:
    return asks(lambda _given: Calls())(system)


@mistake(LEAVE)
def asks_by_another_name(system: Any) -> Any:
    class Renamed(Around):
        def begin(self, model: str) -> Call:
            return super().begin(f"{model}-latest")

    return asks(Renamed)(system)


@mistake(LEAVE, "test_no_model_is_called_without_leave")
def asks_when_the_call_has_been_made(system: Any) -> Any:
    @attrs.define(eq=False)
    class Asked(Call):
        given: Calls
        model: str

        def end(self, usage: Usage) -> None:
            self.given.begin(self.model).end(usage)

    class Late(Around):
        def begin(self, model: str) -> Call:
            return Asked(self.given, model)

    return asks(Late)(system)


@mistake("test_a_wait_that_a_provider_asks_for_is_passed_on")
def tells_of_no_failure(system: Any) -> Any:
    @attrs.define(eq=False)
    class Deaf(Call):
        given: Call

        def end(self, usage: Usage) -> None:
            self.given.end(usage)

    class Silent(Around):
        def begin(self, model: str) -> Call:
            return Deaf(super().begin(model))

    return asks(Silent)(system)


@mistake("test_no_model_is_called_without_leave")
def goes_on_without_leave(system: Any) -> Any:
    class Bold(Around):
        def begin(self, model: str) -> Call:
            with contextlib.suppress(InfrastructureFault):
                return super().begin(model)
            return Call()

    return asks(Bold)(system)
