"""Mistakes in what is handed back, and in what a suite says of an app."""

from __future__ import annotations

from typing import Any

import attrs

from gepa_core.appgraph import path_copy
from gepa_core.types import Rollout
from tests.conformance.chains import Changed, FakeModel
from tests.conformance.mutants.base import POLICY, System, Texts, mistake
from tests.conformance.tutorial import tinychain


@mistake("test_own_texts_behave_like_the_app_itself", "test_a_rollout_returns_what_the_built_app_returns")
class AltersOutputs(System):
    def run(self, texts: Texts, inputs: Any) -> Rollout:
        rollout = super().run(texts, inputs)
        return attrs.evolve(rollout, output={"text": rollout.output})


@mistake("test_a_built_app_is_of_the_same_type")
class WrapsWhatItBuilds(System):
    def build(self, texts: Texts) -> Any:
        built = super().build(texts)

        class Optimised(tinychain.Chain):  # type: ignore[misc]
            pass

        return Optimised(built.links)


@mistake("test_a_built_app_is_not_instrumented")
class BuildsRecorders(System):
    def build(self, texts: Texts) -> Any:
        values = {**self._templates(texts), **self._recorded(texts, [])}
        return path_copy(self.graph, values, POLICY).root


@mistake("test_a_built_app_shares_models_and_clients")
class CopiesModels(System):
    def build(self, texts: Texts) -> Any:
        built = super().build(texts)
        for link in built.links:
            link.model = FakeModel(link.model.scripted)
        return built


@mistake("test_a_built_app_has_the_texts")
class BuildsTheSeed(System):
    def build(self, texts: Texts) -> Any:
        super().build(texts)
        return super().build({})


@mistake("test_nothing_global_is_left_changed")
def patches_the_framework(system: Any) -> Any:
    run = tinychain.Chain.run

    def traced(chain: Any, **values: str) -> Any:
        return run(chain, **values)

    tinychain.Chain.run = traced
    return system


@mistake("test_the_app_finds_the_adapter", is_installed=True)
def is_not_registered(system: Any) -> Any:
    return system


@mistake(
    "test_tools_are_captured", "test_retrievals_are_captured", captures_tools=True, captures_retrievals=True
)
def captures_no_tools(system: Any) -> Any:
    return system


@mistake("test_run_is_sync_or_async_as_declared", is_async=True)
def is_not_async(system: Any) -> Any:
    return system


@mistake("test_other_objects_are_refused")
def takes_anything(system: Any) -> Any:
    return system


def _takes_anything(self: Any) -> Any:
    del self
    return Anything(lambda system: system)


class Anything(Changed):
    """An adapter that looks at nothing before it says yes."""

    def wrap(self, target: Any) -> Any:
        return super().wrap(target) if isinstance(target, tinychain.Chain) else target


takes_anything.adapter = _takes_anything  # type: ignore[method-assign]


@mistake("test_no_requirement_is_overridden_without_a_reason", test_the_app_is_not_changed=lambda _: None)
def drops_a_requirement(system: Any) -> Any:
    return system
