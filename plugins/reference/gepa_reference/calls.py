"""What is known of the model calls that an adapter makes while it evaluates an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from gepa_core.types import Step

T = TypeVar("T")


class Calls(Protocol):
    """The model calls of one rollout."""

    def made_by(self, evaluate: Callable[[], T]) -> T:
        """What ``evaluate`` returns. The calls that it makes are taken down."""
        ...

    @property
    def fault(self) -> Exception | None:
        """What the last call failed with when that was not the candidate's fault.

        Adapters score what they could not run. A rollout that ended so must not count.
        """
        ...

    @property
    def problem(self) -> str:
        """What the program failed with; empty when it did not, or when that is not known."""
        ...

    def steps(self, texts: Mapping[str, str]) -> list[Step]:
        """A step for each call, in the order in which they began.

        Args:
            texts: components to look for in what was sent.
        """
        ...


class NoCalls:
    """Nothing is known of the calls."""

    fault: Exception | None = None
    problem = ""

    def made_by(self, evaluate: Callable[[], T]) -> T:
        """What ``evaluate`` returns."""
        return evaluate()

    def steps(self, texts: Mapping[str, str]) -> list[Step]:  # noqa: ARG002
        """No steps."""
        return []
