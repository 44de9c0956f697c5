"""The suite for adapters passes a correct one, and finds each mistake of the others at the right test."""

from __future__ import annotations

from typing import Any

import pytest

from gepa_core.testing import AdapterSuite
from tests.conformance.chains import ChainSuite, Changed, ConversationSuite, with_new_memory
from tests.conformance.mutants import MUTANTS
from tests.conformance.mutants.base import System, Texts, as_mutant
from tests.conformance.verdicts import failures


class TestChain(ChainSuite):
    """The tutorial's adapter."""


class Taught(System):
    """The tutorial's system, which gives each rollout a memory of its own."""

    def run(self, texts: Texts, inputs: Any) -> Any:
        return with_new_memory(self, texts, inputs)


class TestConversation(ConversationSuite):
    """An app with a memory."""

    def adapter(self) -> Any:
        return Changed(lambda system: as_mutant(system, Taught))


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mistake_is_found(name: str) -> None:
    mutant, found_by = MUTANTS[name]
    found = failures(mutant)
    assert set(found) >= found_by, found


def test_each_test_of_the_suite_finds_some_mistake() -> None:
    every = {name for name in dir(AdapterSuite) if name.startswith("test_")}
    assert every - {name for _, found_by in MUTANTS.values() for name in found_by} == set()
