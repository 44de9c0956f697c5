"""What models cost per token: by the user's own prices, else by the list that litellm ships.

litellm itself is not imported.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gepa_core.checks import at_least
from gepa_core.errors import ConfigurationError
from gepa_core.types import Trajectory, Usage

_LIST = "model_prices_and_context_window_backup.json"


@attrs.frozen(kw_only=True)
class Price:
    """US dollars per token.

    Attributes:
        sent: of a prompt.
        received: of an answer.

    Raises:
        ConfigurationError: one of them is no number, or below 0.
    """

    sent: float = attrs.field(validator=at_least("Price", least=0))
    received: float = attrs.field(validator=at_least("Price", least=0))

    def of(self, usage: Usage) -> float:
        """The price of tokens that are known."""
        return self.sent * usage.input_tokens + self.received * usage.output_tokens


def as_prices(value: Any) -> dict[str, Price]:
    """Prices by the names of models, from `Price` objects or tables of their settings.

    Raises:
        ConfigurationError: it is no such mapping, or a price makes no sense.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"execution: {_EXPECTED}, not {value!r}")
    return {name: _as_price(name, one) for name, one in value.items()}


_EXPECTED = (
    "prices must be a mapping from the name of a model to its Price, such as"
    " {'gpt-4.1': Price(sent=2e-6, received=8e-6)}, or to a table of its settings"
)


def _as_price(name: Any, value: Any) -> Price:
    if isinstance(value, Price):
        return value
    if not isinstance(name, str) or not isinstance(value, Mapping):
        raise ConfigurationError(f"execution: {_EXPECTED}; {name!r} has {value!r}")
    if sorted(value) != ["received", "sent"]:
        raise ConfigurationError(
            f"execution: prices: {name!r} has {', '.join(map(repr, value)) or 'nothing'}; give 'sent' and"
            " 'received', both in US dollars per token"
        )
    try:
        return Price(**value)
    except ConfigurationError as error:
        raise ConfigurationError(f"execution: prices: {name!r}: {error}") from None


def price_of(model: str, own: Mapping[str, Price] | None = None) -> Price | None:
    """The price of ``"provider/model"`` or ``"model"``; None when it is not known.

    Args:
        own: prices that go before those of the list, which is there when litellm is installed. A price of
            0 in the list counts as unknown: it stands there for models that have none.
    """
    if own and model in own:
        return own[model]
    found = _prices().get(model) or _prices().get(model.partition("/")[2])
    if not isinstance(found, Mapping):
        return None
    sent, received = found.get("input_cost_per_token"), found.get("output_cost_per_token")
    if not isinstance(sent, float | int) or not isinstance(received, float | int) or not sent + received:
        return None
    return Price(sent=float(sent), received=float(received))


def priced(usage: Usage, model: str, own: Mapping[str, Price] | None = None) -> Usage:
    """``usage`` of ``model`` with its price, where the calls reported their tokens and no price."""
    if not usage.unpriced or usage.unpriced != usage.calls or usage.unmetered:
        return usage
    price = price_of(model, own)
    return usage if price is None else attrs.evolve(usage, dollars=price.of(usage), unpriced=0)


def priced_steps(trajectory: Trajectory, own: Mapping[str, Price] | None = None) -> Trajectory:
    """``trajectory`` with a price for each step that has none and whose model's is known."""
    if not trajectory.usage.unpriced:
        return trajectory
    return Trajectory(
        steps=tuple(
            step
            if (usage := priced(step.usage, step.name, own)) is step.usage
            else attrs.evolve(step, usage=usage)
            for step in trajectory.steps
        )
    )


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
