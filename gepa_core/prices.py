"""What models cost per token, by the price list that litellm ships. litellm itself is not imported."""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core.types import Usage

_LIST = "model_prices_and_context_window_backup.json"


@attrs.frozen(kw_only=True)
class Price:
    """US dollars per token.

    Attributes:
        sent: of a prompt.
        received: of an answer.
    """

    sent: float
    received: float

    def of(self, usage: Usage) -> float:
        """The price of tokens that are known."""
        return self.sent * usage.input_tokens + self.received * usage.output_tokens


def price_of(model: str) -> Price | None:
    """The price of ``"provider/model"`` or ``"model"``; None when it is not known, or litellm not installed.

    A price of 0 counts as unknown: it stands in the list for models that have none.
    """
    found = _prices().get(model) or _prices().get(model.partition("/")[2])
    if not isinstance(found, Mapping):
        return None
    sent, received = found.get("input_cost_per_token"), found.get("output_cost_per_token")
    if not isinstance(sent, float | int) or not isinstance(received, float | int) or not sent + received:
        return None
    return Price(sent=float(sent), received=float(received))


@functools.cache
def _prices() -> Mapping[str, Any]:
    """The list, read once: 3 MB of JSON, against the ten seconds that importing litellm takes."""
    found = importlib.util.find_spec("litellm")
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        try:
            prices: Any = json.loads((Path(place) / _LIST).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(prices, dict):
            return prices
    return {}
