"""Adapters with one mistake each, and the tests of the suite that have to find it."""

from tests.conformance.mutants import asking, building, finding, isolation, trajectories
from tests.conformance.mutants.base import MUTANTS

__all__ = ["MUTANTS", "asking", "building", "finding", "isolation", "trajectories"]
