"""Mistakes by which rollouts get to know of each other."""

from __future__ import annotations

from typing import Any

import attrs

from gepa_core.appgraph import copy_with
from gepa_core.types import Rollout, Step, Trajectory
from tests.conformance.chains import ConversationSuite, with_new_memory
from tests.conformance.mutants.base import POLICY, System, Texts, mistake


@mistake(
    "test_two_candidates_at_once_in_threads",
    "test_64_candidates_at_once_in_threads",
    "test_two_candidates_at_once_in_asyncio",
    "test_64_candidates_at_once_in_asyncio",
    "test_the_app_can_be_used_meanwhile",
)
class BorrowsTheApp(System):
    """Puts the texts into the app for the time of a rollout, and back afterwards."""

    def run(self, texts: Texts, inputs: Any) -> Rollout:
        templates = self._templates(texts)
        before = {site: site.owner.template for site in templates}
        for site, template in templates.items():
            site.owner.template = template
        try:
            return super().run({}, inputs)
        finally:
            for site, template in before.items():
                site.owner.template = template


@mistake("test_the_app_is_not_changed", "test_the_app_behaves_as_before")
class LeavesTextsInTheApp(System):
    def build(self, texts: Texts) -> Any:
        for site, template in self._templates(texts).items():
            site.owner.template = template
        return copy_with(self.graph, {}, POLICY)


@mistake("test_every_model_call_is_a_step", "test_trajectories_of_one_candidate_show_no_other_ones_texts")
class SharesARecorder(System):
    def _recorded(self, texts: Texts, steps: list[Step]) -> Any:
        kept = vars(type(self)).get("kept") or steps
        type(self).kept = kept
        steps[:] = kept
        return super()._recorded(texts, kept)

    def run(self, texts: Texts, inputs: Any) -> Rollout:
        rollout = super().run(texts, inputs)
        kept: list[Step] = type(self).kept
        return attrs.evolve(rollout, trajectory=Trajectory(steps=tuple(kept)))


@mistake(
    "test_no_state_goes_from_one_rollout_to_the_next", "test_the_app_is_not_changed", suite=ConversationSuite
)
def remembers_rollouts(system: Any) -> Any:
    """The tutorial's adapter knows nothing of memories."""
    return system


@mistake("test_a_memory_is_the_apps_and_not_a_rollouts", suite=ConversationSuite)
class ForgetsTheAppsMemory(System):
    """Renews the memory for rollouts, and for the user's app as well."""

    def build(self, texts: Texts) -> Any:
        built = super().build(texts)
        built.__class__ = type("Conversation", (type(built),), {"run": _forgetting(type(built).run)})
        return built

    def run(self, texts: Texts, inputs: Any) -> Rollout:
        self.graph.root.history.clear()
        return with_new_memory(self, texts, inputs)


def _forgetting(run: Any) -> Any:
    def forgetful(self: Any, **values: str) -> Any:
        self.history = []
        return run(self, **values)

    return forgetful
