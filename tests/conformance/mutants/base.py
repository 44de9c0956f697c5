"""The tutorial's adapter with a mistake in it, as a suite that has to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from gepa_core.types import Rollout, Step
from tests.conformance.chains import ChainSuite, Changed
from tests.conformance.tutorial import gepa_tinychain

POLICY = gepa_tinychain.ChainPolicy()
MUTANTS: dict[str, tuple[type[ChainSuite], set[str]]] = {}
"""Suites with a mistake, and the tests that must fail, by name."""

Texts: TypeAlias = Mapping[str, str]


class System(gepa_tinychain.ChainSystem):  # type: ignore[misc]
    """The tutorial's system, to be changed."""

    def build(self, texts: Texts) -> Any:
        return super().build(texts)

    def run(self, texts: Texts, inputs: Any) -> Rollout:
        rollout: Rollout = super().run(texts, inputs)
        return rollout

    def _templates(self, texts: Texts) -> Any:
        return super()._templates(texts)

    def _recorded(self, texts: Texts, steps: list[Step]) -> Any:
        return super()._recorded(texts, steps)


def as_mutant(system: Any, kind: type[System]) -> Any:
    """``system`` as one of another class."""
    return kind(**attrs.asdict(system, recurse=False))


def mistake(
    *found_by: str, suite: type[ChainSuite] = ChainSuite, **said: Any
) -> Callable[[Callable[[Any], Any]], type[ChainSuite]]:
    """Make a suite of a class of systems, or of a function that changes a system.

    Args:
        found_by: names of the tests that must fail.
        suite: the app and the adapter that has the mistake.
        said: what the suite says of the app.
    """

    def suite_of(change: Callable[[Any], Any]) -> type[ChainSuite]:
        def adapter(self: Any) -> Any:
            del self
            if isinstance(change, type):
                return Changed(lambda system: as_mutant(system, change))
            return Changed(change)

        about = {"__module__": change.__module__, "__qualname__": change.__name__}
        made: type[ChainSuite] = type(change.__name__, (suite,), {**about, **said, "adapter": adapter})
        MUTANTS[change.__name__] = made, set(found_by)
        return made

    return suite_of
