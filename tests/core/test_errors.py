"""Errors as values: they cross from one process to another with everything that they carry."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator

import pytest

from gepa_core import errors
from gepa_core.errors import GepaError
from gepa_core.gate import Halted

CARRIED: dict[type[GepaError], GepaError] = {
    errors.BudgetTooSmall: errors.BudgetTooSmall("too small", least=12),
    errors.PluginError: errors.PluginError("broken", plugin="softmax", distribution="gepa-x 1.0"),
    errors.RunMismatch: errors.RunMismatch("another run", differences={"seed": (1, 2)}),
    errors.MetricError: errors.MetricError("no score", example="e7"),
    errors.InfrastructureFault: errors.InfrastructureFault("down", retry_after=2.5),
    Halted: Halted("it was interrupted"),
}
"""Errors that carry data."""


def all_errors(base: type[GepaError] = GepaError) -> Iterator[type[GepaError]]:
    """Every class of the tree."""
    yield base
    for below in base.__subclasses__():
        yield from all_errors(below)


WAYS: list[Callable[[GepaError], GepaError]] = [
    copy.copy,
    copy.deepcopy,
    lambda error: pickle.loads(pickle.dumps(error, 0)),
    lambda error: pickle.loads(pickle.dumps(error)),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda kind: kind.__name__)
def test_an_error_survives_copy_and_pickle(
    kind: type[GepaError], way: Callable[[GepaError], GepaError]
) -> None:
    """Its class, its message, what it carries and its notes."""
    error = CARRIED[kind] if kind in CARRIED else kind("what is wrong")
    error.add_note("and what to do")
    again = way(error)
    assert type(again) is kind
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
