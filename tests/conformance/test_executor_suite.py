"""The suite for executors passes correct ones, and finds each mistake of the others at the right test."""

from __future__ import annotations

import pytest

from gepa_core.local import LocalExecutor, LocalSession
from gepa_core.protocols import Executor
from gepa_core.testing import ExecutorSuite
from tests.conformance.forked import Forked, ForkedSession
from tests.conformance.mutants import executors
from tests.conformance.verdicts import failures


class TestLocal(ExecutorSuite):
    """The built-in one."""

    def executor(self, app: str) -> Executor:
        del app
        return LocalExecutor()


class TestForked(ExecutorSuite):
    """A process for each rollout."""

    budget = 30

    is_isolated = True

    def executor(self, app: str) -> Executor:
        del app
        return Forked()


def _suite(make: executors.Made, *, isolated: bool) -> type[ExecutorSuite]:
    class Mutant(ExecutorSuite):
        is_isolated = isolated
        patience = 60.0 if isolated else 1.5

        def executor(self, app: str) -> Executor:
            del app
            return executors.Makes(make)

    return Mutant


@pytest.mark.parametrize("name", executors.LOCAL)
def test_each_mistake_here_is_found(name: str) -> None:
    make, found_by = executors.LOCAL[name]
    found = failures(_suite(make, isolated=False), found_by)
    assert set(found) == found_by, found


@pytest.mark.parametrize("name", executors.FORKED)
def test_each_mistake_in_other_processes_is_found(name: str) -> None:
    make, found_by = executors.FORKED[name]
    found = failures(_suite(make, isolated=True), found_by)
    assert set(found) == found_by, found


@pytest.mark.parametrize("isolated", [True, False])
def test_who_says_wrongly_where_rollouts_run_is_found(*, isolated: bool) -> None:
    """And a test that would end the process of the tests does not."""
    made = (lambda _system: LocalSession()) if isolated else ForkedSession
    expected = {executors.PLACE, executors.LOST} if isolated else {executors.PLACE}
    found = failures(_suite(made, isolated=isolated), expected)
    assert set(found) == expected, found


def test_each_test_of_the_suite_finds_some_mistake() -> None:
    every = {name for name in dir(ExecutorSuite) if name.startswith("test_")}
    meta = {"test_no_requirement_is_overridden_without_a_reason"}  # held by the mutants of adapters
    mutants = [*executors.LOCAL.values(), *executors.FORKED.values()]
    assert every - {name for _, found_by in mutants for name in found_by} == {*meta, executors.PLACE}
