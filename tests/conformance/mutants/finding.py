"""Mistakes in what is found, and in what of it arrives at a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from gepa_core.protocols import LeftAlone
from gepa_core.types import Component, Rollout
from tests.conformance.mutants.base import System, Texts, mistake


def _renamed(system: Any, name_of: Callable[[int, Component], str]) -> Any:
    names = {one.name: name_of(place, one) for place, one in enumerate(system.components)}
    return attrs.evolve(
        system,
        components=[attrs.evolve(one, name=names[one.name]) for one in system.components],
        found={names[name]: held for name, held in system.found.items()},
    )


@mistake("test_the_components_are_found")
def forgets_a_text(system: Any) -> Any:
    return attrs.evolve(system, components=system.components[:1])


@mistake(
    "test_components_are_the_same_whenever_an_app_is_wrapped",
    "test_components_are_the_same_in_every_process",
    "test_saved_texts_fit_a_freshly_built_app",
    "test_a_built_app_can_be_wrapped_again",
    names=None,
)
def names_by_address(system: Any) -> Any:
    return _renamed(system, lambda place, one: f"{one.name}-{id(system.found)}-{place}")


@mistake("test_components_are_the_same_in_every_process", names=None)
def names_by_hash(system: Any) -> Any:
    return _renamed(system, lambda _, one: f"{one.name}-{hash(one.name)}")


@mistake("test_names_are_unique_and_readable", names=None)
def names_on_two_lines(system: Any) -> Any:
    return _renamed(system, lambda _, one: f"the\n{one.name}")


@mistake(
    "test_own_texts_are_shown_as_a_model_reads_them",
    "test_own_texts_behave_like_the_app_itself",
    "test_an_app_built_with_its_own_texts_is_like_the_app",
)
def shows_escapes(system: Any) -> Any:
    raw = [attrs.evolve(one, text=system.found[one.name][1].template) for one in system.components]
    return attrs.evolve(system, components=raw)


@mistake("test_texts_are_natural_and_keep_their_own_rules")
def has_empty_texts(system: Any) -> Any:
    first, *others = system.components
    return attrs.evolve(system, components=[attrs.evolve(first, max_chars=5), *others])


@mistake("test_what_is_left_alone_says_where_and_why")
def leaves_alone_in_silence(system: Any) -> Any:
    return attrs.evolve(system, left_alone=[LeftAlone(source="chain", reason="")])


@mistake("test_finding_calls_no_model")
def runs_while_finding(system: Any) -> Any:
    system.graph.root.run(question="is it there?")
    return system


@mistake("test_unknown_names_are_refused")
class TakesUnknownNames(System):
    def _templates(self, texts: Texts) -> Any:
        return super()._templates({name: text for name, text in texts.items() if name in self.found})


@mistake("test_every_text_reaches_a_model", "test_texts_that_are_left_out_stay")
class LosesAText(System):
    def run(self, texts: Texts, inputs: Any) -> Rollout:
        return super().run({name: text for name, text in texts.items() if name != "final"}, inputs)


@mistake("test_rewritten_texts_arrive_verbatim")
class DoesNotEscape(System):
    def _templates(self, texts: Texts) -> Any:
        super()._templates(texts)  # still refuses what it should
        own = {one.name: one.text for one in self.components}
        return {
            self.found[name][0]: self.found[name][1].template if text == own[name] else text
            for name, text in texts.items()
        }


@mistake("test_a_lost_or_added_variable_is_refused")
class LosesVariables(System):
    def _templates(self, texts: Texts) -> Any:
        kept = {}
        for name, text in texts.items():
            site, guard = self.found[name]
            kept[site] = guard.to_template(text) if not guard.problems(text) else text
        return kept


@mistake("test_texts_that_are_left_out_stay")
class WantsEveryText(System):
    def _templates(self, texts: Texts) -> Any:
        wanted = texts or {one.name: one.text for one in self.components}
        return super()._templates({one.name: wanted[one.name] for one in self.components} | dict(texts))
