"""Keeping secrets out of what is stored."""

from __future__ import annotations

import os

import attrs

from gepa_core.markers import hookimpl
from gepa_core.redaction import Redactor
from gepa_core.types import Outcome


@attrs.define(eq=False, kw_only=True)
class HideSecrets:
    """Hide keys, tokens, passwords and headers in outputs, trajectories, failures and feedback.

    Hidden is what looks like one, what stands in a field that is named for one, and the values of
    environment variables that are named for one: of those that there are when a run begins, and of those
    that come later, as where an app reads a file of keys when it is first called.
    """

    _redactor: Redactor = attrs.field(factory=Redactor, init=False)
    _variables: int = attrs.field(default=-1, init=False)
    """How many there were in the environment: to look at all of them takes longer than many a rollout."""

    @hookimpl
    def gepa_configure(self) -> None:
        """A run begins."""
        self._variables = -1

    @hookimpl
    def gepa_redact_outcome(self, outcome: Outcome) -> Outcome:
        """The outcome without its secrets."""
        if len(os.environ) != self._variables:
            self._variables, self._redactor = len(os.environ), Redactor()
        return self._redactor.outcome(outcome)
