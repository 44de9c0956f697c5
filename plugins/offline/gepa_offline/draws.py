"""Random numbers that are a function of the seed, the prompt and a purpose, and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """The random choices behind one answer.

    The same seed and prompt give the same numbers in every process. Each number is asked for by a
    purpose, so that one decision more or less does not shift the others.
    """

    def __init__(self, seed: int, prompt: str) -> None:
        self._base = blake2b(f"{seed}\0{prompt}".encode("utf-8", "surrogatepass"), digest_size=8)

    def uniform(self, purpose: str) -> float:
        """A number from 0 up to, and without, 1."""
        state = self._base.copy()
        state.update(b"\0" + purpose.encode("utf-8", "surrogatepass"))
        return int.from_bytes(state.digest(), "big") / 2**64

    def chance(self, probability: float, purpose: str) -> bool:
        """True with the given probability."""
        return self.uniform(purpose) < probability

    def pick(self, options: Sequence[T], purpose: str) -> T:
        """One of ``options``, each equally likely."""
        return options[min(int(self.uniform(purpose) * len(options)), len(options) - 1)]

    def shuffled(self, items: Sequence[T], purpose: str) -> list[T]:
        """The items in a random order."""
        keys = [self.uniform(f"{purpose}/{position}") for position in range(len(items))]
        return [items[position] for position in sorted(range(len(items)), key=keys.__getitem__)]
