"""The plugin that goes with a wrapped adapter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from gepa_core import hookimpl
from gepa_core.mutation import MutationRequest
from gepa_core.protocols import System
from gepa_core.types import Candidate, Example, Rollout
from gepa_reference.proposing import propose
from gepa_reference.system import ReferenceSystem

if TYPE_CHECKING:
    from gepa.core.adapter import ProposalFn


@attrs.define(eq=False, kw_only=True)
class AdapterHooks:
    """Makes no records of examples that are only scored, and lets the adapter write new texts if it can.

    Attributes:
        adapter: the adapter's class.
        proposer: what writes new texts; empty for this project's reflection.
    """

    adapter: str
    proposer: str = ""
    _propose: ProposalFn | None = attrs.field(default=None, init=False)
    _kept: Path = attrs.field(factory=Path, init=False)

    @classmethod
    def of(cls, system: ReferenceSystem) -> AdapterHooks:
        """The plugin for ``system``."""
        hooks = cls(
            adapter=_named(type(system.adapter)),
            proposer="" if system.proposer is None else _named(system.proposer),
        )
        hooks._propose = system.proposer
        return hooks

    @hookimpl
    def gepa_configure(self, run_dir: str) -> None:
        """Proposals that were paid for are kept beside the store."""
        self._kept = Path(run_dir) / "proposals"

    @hookimpl
    def gepa_capture_trajectory(
        self, system: System, candidate: Candidate, example: Example
    ) -> Rollout | None:
        """Score a validation or test example; training examples are left to the system's own `run`."""
        if example.split == "train" or not isinstance(system, ReferenceSystem):
            return None
        return system.evaluate(candidate.texts, example.inputs, learn=False)

    @hookimpl
    def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str] | None:
        """What the adapter's proposer writes, given the records of the minibatch.

        Raises:
            ProposalDropped: it failed, or there are no records to learn from.
        """
        if self._propose is None:
            return None
        return propose(self._propose, request, self._kept / f"{request.number}.json")


def _named(value: object) -> str:
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', 'builtins')}:{getattr(named, '__qualname__', '')}"
