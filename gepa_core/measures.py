"""What is known of a call only once it was made, and limited all the same: tokens and dollars."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from gepa_core.types import Usage

if TYPE_CHECKING:
    from gepa_core.budget import Budget


@attrs.frozen(kw_only=True)
class Measure:
    """A unit that usage is limited in.

    Attributes:
        name: of the limit in `gepa_core.Budget`.
        limit: what a budget allows.
        of: how much of it was used.
        unknown: of how many calls that is not known.
        missing: what is not known of them, for messages.
        written: an amount, for people.
        rounded_up: an amount that is no less, as one would write it in a call.
    """

    name: str
    limit: Callable[[Budget], float | None]
    of: Callable[[Usage], float]
    unknown: Callable[[Usage], int]
    missing: str
    written: Callable[[float], str]
    rounded_up: Callable[[float], str]


TOKENS = Measure(
    name="tokens",
    limit=lambda budget: budget.tokens,
    of=lambda usage: usage.tokens,
    unknown=lambda usage: usage.unmetered,
    missing="tokens",
    written=lambda amount: f"{amount:.0f} tokens",
    rounded_up=lambda amount: str(math.ceil(amount)),
)
DOLLARS = Measure(
    name="dollars",
    limit=lambda budget: budget.dollars,
    of=lambda usage: usage.dollars,
    unknown=lambda usage: usage.unpriced,
    missing="price",
    written=lambda amount: f"${amount:.4f}".rstrip("0").rstrip("."),
    rounded_up=lambda amount: f"{math.ceil(amount * 10_000) / 10_000:.4f}".rstrip("0").rstrip("."),
)
