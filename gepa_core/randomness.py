"""Random choices that depend on nothing but (run seed, purpose, number).

There is no generator state to save: whoever needs randomness asks for a fresh generator by name.
"""

from __future__ import annotations

import hashlib
from random import Random


def generator(seed: int, purpose: str, number: int) -> Random:
    """A generator seeded by the three arguments, the same in every process and on every platform."""
    digest = hashlib.sha256(f"{seed}|{purpose}|{number}".encode()).digest()
    return Random(int.from_bytes(digest[:16], "big"))
