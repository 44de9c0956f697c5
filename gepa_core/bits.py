"""Sets of small whole numbers as bit masks: a bit for each number up to the largest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def mask_of(places: Sequence[int]) -> int:
    """The mask with the bits at ``places``. To set them one by one would copy it for each of them."""
    digits = bytearray(b"0") * (max(places, default=0) + 1)
    for place in places:
        digits[~place] = ord("1")
    return int(digits, 2)


def places_of(mask: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    digits = f"{mask:b}"[::-1]
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)
