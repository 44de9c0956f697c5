"""What the rollouts of a candidate have in common is stored once.

Every rollout of a candidate is sent the same system prompt, few-shot examples and tools, and its trajectory
says them again at each step. So the first outcome of a candidate is stored as its dictionary, as zlib calls
a text that is known to both sides: what is compressed with it refers to it instead of repeating it.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable

import attrs

_WINDOW = 32_000
"""Bytes of the end of an outcome that become a dictionary: zlib cannot look further back."""
_SHORT = 128
"""Bytes up to which an outcome is stored as it is: compressing takes longer than it is worth."""
_HELD = 64
"""Dictionaries that are held in memory."""


@attrs.define(eq=False)
class Dictionaries:
    """The dictionaries of a run.

    Attributes:
        find: the stored dictionary of a candidate, compressed; None when it has none.
        unwritten: those that are used and not stored yet, by candidate.
    """

    find: Callable[[str], bytes | None]
    unwritten: dict[str, bytes] = attrs.field(factory=dict, init=False)
    _held: OrderedDict[str, bytes] = attrs.field(factory=OrderedDict, init=False)

    def compress(self, text: str, candidate: str) -> bytes:
        """``text``, a JSON object, by the dictionary of its candidate; a short one as it is."""
        data = text.encode()
        if len(data) <= _SHORT:
            return data
        known = self._known(candidate)
        if not known:
            known = data[-_WINDOW:]
            self.unwritten[candidate] = known
            self._hold(candidate, known)
        compressing = zlib.compressobj(level=1, zdict=known)
        return compressing.compress(data) + compressing.flush()

    def decompress(self, body: bytes, candidate: str) -> str:
        """The text that `compress` was given.

        Raises:
            zlib.error: the body or the dictionary is not what it was.
        """
        if body.startswith(b"{"):  # what zlib writes begins otherwise
            return body.decode()
        decompressing = zlib.decompressobj(zdict=self._known(candidate))
        return (decompressing.decompress(body) + decompressing.flush()).decode()

    def _known(self, candidate: str) -> bytes:
        """The dictionary of a candidate; empty when it has none."""
        if candidate in self.unwritten:
            return self.unwritten[candidate]
        if candidate in self._held:
            self._held.move_to_end(candidate)
            return self._held[candidate]
        stored = self.find(candidate)
        if stored is not None:
            self._hold(candidate, zlib.decompress(stored))
        return self._held.get(candidate, b"")

    def _hold(self, candidate: str, known: bytes) -> None:
        self._held[candidate] = known
        if len(self._held) > _HELD:
            self._held.popitem(last=False)
