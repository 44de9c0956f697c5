"""What all suites share: no requirement can be dropped in silence."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

_SUITES = __name__.rpartition(".")[0]
_META = "test_no_requirement_is_overridden_without_a_reason"

T = TypeVar("T")


class Suite(ABC):  # noqa: B024 - the abstract parts are the subclasses'
    """Base of the suites.

    Attributes:
        examples: hypothesis examples in each test that uses it.
    """

    examples: int = 25

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if _META in vars(cls) and not _is_ours(cls):
            raise TypeError(f"{cls.__name__} must not override {_META}")

    def test_no_requirement_is_overridden_without_a_reason(self) -> None:
        """Required: every test of the suite runs as it was shipped, or is marked as an expected failure.

        To mend: delete the override. Where the requirement cannot hold, write over it
        ``@pytest.mark.xfail(reason="…")`` with the reason and call the original by ``super()`` in it.
        """
        bare = [name for name in _overridden(type(self)) if not _says_why(getattr(type(self), name))]
        assert not bare, (
            f"{type(self).__name__} overrides {', '.join(bare)} without @pytest.mark.xfail(reason=…)"
        )


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith(f"{_SUITES}.")


def _overridden(cls: type) -> list[str]:
    """Names of the suite's tests that a class outside of the suite defines anew."""
    ours = {name for base in cls.__mro__ if _is_ours(base) for name in vars(base) if name.startswith("test_")}
    theirs = {name for base in cls.__mro__ if not _is_ours(base) for name in vars(base)}
    return sorted(ours & theirs)


def _says_why(test: Any) -> bool:
    marks: list[pytest.Mark] = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and str(mark.kwargs.get("reason", "")).strip() for mark in marks)


def for_all(
    strategy: st.SearchStrategy[T], check: Callable[[T], object], examples: int, *, shrink: bool = False
) -> None:
    """Call ``check`` with values of ``strategy``, the same ones in every run.

    Args:
        shrink: whether to look for a simpler value when it fails, which takes long for large ones.
    """
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def hold(value: T) -> None:
        check(value)

    hold()
