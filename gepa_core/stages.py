"""One typed method for each hook, so that nothing else asks plugins.

Every hook that stops at the first answer is asked plugin by plugin, so that an error or a bad answer can
be laid at the right door. Wrappers are put around the whole row, the first listed outermost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from gepa_core import answers
from gepa_core.asking import Asker, ask_one, checked
from gepa_core.errors import PluginError
from gepa_core.events import Event
from gepa_core.manager import PluginManager
from gepa_core.mutation import MutationRequest
from gepa_core.pool import Pool
from gepa_core.protocols import System
from gepa_core.state import Member
from gepa_core.types import Candidate, Example, Feedback, Merge, Outcome, Rollout
from gepa_core.workers import Workers

T = TypeVar("T")

_ROLLOUT, _FEEDBACK = answers.instance_of(Rollout), answers.instance_of(Feedback)


class Stages:
    """The hooks of one run. Each method raises `PluginError` when a plugin fails or answers nonsense."""

    def __init__(self, manager: PluginManager, workers: Workers) -> None:
        self._manager = manager
        self._asker = Asker(manager, workers)
        self._not_configured: list[str] = []

    # set-up and observing -------------------------------------------------

    def configure(self, pool: Pool, run_dir: str) -> None:
        """Call every plugin's `gepa_configure`."""
        plugins = self._manager.implementations("gepa_configure")
        self._not_configured = [plugin.plugin for plugin in plugins]
        for plugin in plugins:
            ask_one(plugin, {"pool": pool, "run_dir": run_dir})
            self._not_configured.remove(plugin.plugin)

    def unconfigure(self, pool: Pool, reason: str) -> None:
        """Call every plugin's `gepa_unconfigure`, but of those whose `gepa_configure` did not succeed.

        One that raises is logged and passed over.
        """
        given = {"pool": pool, "reason": reason}
        self._asker.tell("gepa_unconfigure", given, leave_out=self._not_configured)

    def notify(self, event: Event) -> None:
        """Tell every plugin of ``event``; one that raises is logged and passed over."""
        self._asker.tell("gepa_notify", {"event": event})

    # planning ---------------------------------------------------------------

    async def merge(self, pool: Pool, number: int) -> Merge | None:
        """The merge that proposal ``number`` should be, if any."""
        given = _given(pool, "merge", number)
        return await self._asker.first_slow("gepa_merge_candidates", answers.merge_in(pool), given)

    def parent(self, pool: Pool, number: int) -> Member:
        """The candidate to mutate."""
        given = _given(pool, "parent", number)
        hook = "gepa_select_parent"
        return _required(hook, self._asker.first(hook, answers.member_of(pool), given))

    def examples(self, pool: Pool, parent: Member, number: int) -> tuple[Example, ...]:
        """The minibatch; empty to skip the proposal."""
        given = _given(pool, "examples", number, parent=parent)
        check = answers.examples_of(pool.train, "the training examples")
        hook = "gepa_sample_examples"
        return _required(hook, self._asker.first(hook, check, given))

    def components(
        self, pool: Pool, parent: Member, outcomes: Sequence[Outcome], number: int
    ) -> tuple[str, ...]:
        """Names of the components to rewrite; empty to skip the proposal."""
        given = _given(pool, "components", number, parent=parent, outcomes=outcomes)
        hook = "gepa_select_components"
        return _required(hook, self._asker.first(hook, answers.components_of(pool), given))

    # running ------------------------------------------------------------------

    async def capture(self, system: System, candidate: Candidate, example: Example) -> Rollout:
        """Run a candidate on an example."""
        given = {"system": system, "candidate": candidate, "example": example}
        hook = "gepa_capture_trajectory"
        return _required(hook, await self._asker.first_slow(hook, _ROLLOUT, given))

    async def feedback(self, example: Example, rollout: Rollout) -> Feedback:
        """Score a rollout."""
        given = {"example": example, "rollout": rollout}
        hook = "gepa_give_feedback"
        return _required(hook, await self._asker.first_slow(hook, _FEEDBACK, given))

    def redact(self, outcome: Outcome, example: Example) -> Outcome:
        """What may be stored of an outcome."""
        check, given = answers.redacted_from(outcome), {"example": example}
        return self._asker.in_turn("gepa_redact_outcome", check, outcome, "outcome", given)

    async def propose(self, request: MutationRequest) -> Mapping[str, str]:
        """New texts for the chosen components."""
        given = {"request": request}
        hook = "gepa_propose_texts"
        return _required(hook, await self._asker.first_slow(hook, answers.texts_by_name, given))

    # deciding -------------------------------------------------------------------

    def accept(self, pool: Pool, kind: str, before: Sequence[float], after: Sequence[float]) -> bool:
        """Whether a tested candidate is worth validating."""
        given = {"pool": pool, "kind": kind, "before": before, "after": after}
        hook = "gepa_accept_candidate"
        return _required(hook, self._asker.first(hook, answers.instance_of(bool), given))

    def next_validation(self, pool: Pool, scores: Mapping[str, float], number: int) -> tuple[Example, ...]:
        """The validation examples to run next; empty when that was enough."""
        given = _given(pool, "validation", number, scores=scores)
        left = (example for example in pool.val if example.id not in scores)
        check = answers.examples_of(left, "the validation examples that have not run")
        hook = "gepa_next_validation"
        return _required(hook, self._asker.first(hook, check, given))

    def stop_reason(self, pool: Pool) -> str:
        """The first reason to plan no further proposal; empty to go on. Every plugin is asked."""
        asked = self._asker.each("gepa_stop_reason", {"pool": pool})
        reasons = [
            checked(plugin, answers.a_reason, answer) for plugin, answer in asked if answer is not None
        ]
        return next(filter(None, reasons), "")


def _given(pool: Pool, purpose: str, number: int, **more: Any) -> dict[str, Any]:
    return {"pool": pool, "number": number, "rng": pool.rng(purpose, number), **more}


def _required(hook: str, answer: T | None) -> T:
    if answer is None:
        raise PluginError(
            f"no plugin answered {hook!r}: was its default left out with 'no:…', or does a wrapper of it"
            " return nothing?"
        )
    return answer
