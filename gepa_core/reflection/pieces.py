"""A prompt as pieces: what has to stand in it word for word, and texts that may be cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import attrs

from gepa_core.faults import scrub_addresses
from gepa_core.reflection.cutting import Cuttable, cut, fair_limits
from gepa_core.reflection.fences import fenced

Piece: TypeAlias = "str | Cuttable"

_FENCE_CHARS = 10


def piece_of(text: str, weight: float = 1.0) -> Cuttable:
    """A text to be shown in a fenced block, without what differs from process to process."""
    return Cuttable(scrub_addresses(text), weight)


def titled(title: str, text: str, weight: float = 1.0) -> list[Piece]:
    """A heading with a text in a fenced block below it."""
    return [f"#### {title}\n", piece_of(text, weight), "\n"]


@attrs.frozen
class Draft:
    """The sections of a prompt, by the placeholder of the template that each fills."""

    sections: Mapping[str, tuple[Piece, ...]]

    def least(self, level: int) -> int:
        """Its length in characters when texts of weight 1 are cut to ``level``."""
        return self._fixed() + sum(text.least(level) for text in self._cuttable())

    def fill(self, budget: int) -> dict[str, str]:
        """The sections as text, cut so that all of them together have at most ``budget`` characters."""
        texts = self._cuttable()
        limits = fair_limits(
            [len(text.text) for text in texts], [text.weight for text in texts], budget - self._fixed()
        )
        limit = iter(limits)
        return {
            name: "".join(
                piece if isinstance(piece, str) else fenced(cut(piece.text, next(limit))) for piece in pieces
            ).strip("\n")
            for name, pieces in self.sections.items()
        }

    def _pieces(self) -> Iterable[Piece]:
        return (piece for pieces in self.sections.values() for piece in pieces)

    def _cuttable(self) -> list[Cuttable]:
        return [piece for piece in self._pieces() if isinstance(piece, Cuttable)]

    def _fixed(self) -> int:
        words = sum(len(piece) for piece in self._pieces() if isinstance(piece, str))
        return words + _FENCE_CHARS * len(self._cuttable())
