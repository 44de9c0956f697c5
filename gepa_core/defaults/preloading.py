"""Importing what the reflection model needs, before it is needed."""

from __future__ import annotations

import attrs

from gepa_core.events import Event, RolloutFinished
from gepa_core.lm import LiteLLM
from gepa_core.markers import hookimpl


@attrs.define(eq=False, kw_only=True)
class PreloadModel:
    """Import litellm in the background, once the app has come back from its first rollout.

    Not before: two threads that import a package and a part of it at the same time may both be given what
    is half made, and an app imports late what it needs when it first runs.
    """

    model: LiteLLM
    _begun: bool = attrs.field(default=False, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Begin at the first rollout that was run by this process."""
        if isinstance(event, RolloutFinished) and not event.reused and not self._begun:
            self._begun = True
            self.model.preload()
