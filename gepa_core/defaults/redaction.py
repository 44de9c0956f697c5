"""Keeping secrets out of what is stored."""

from __future__ import annotations

import attrs

from gepa_core.markers import hookimpl
from gepa_core.redaction import Redactor
from gepa_core.types import Outcome


@attrs.define(eq=False, kw_only=True)
class HideSecrets:
    """Hide keys, tokens, passwords and headers in outputs, trajectories, failures and feedback.

    Hidden is what looks like one, what stands in a field that is named for one, and the values of
    environment variables that are named for one, as they were when the first rollout was made.
    """

    _redactor: Redactor = attrs.field(factory=Redactor, init=False)

    @hookimpl
    def gepa_redact_outcome(self, outcome: Outcome) -> Outcome:
        """The outcome without its secrets."""
        return self._redactor.outcome(outcome)
