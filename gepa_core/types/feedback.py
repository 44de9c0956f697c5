"""What a metric says of an output, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

LARGEST = 1e100
"""What sums and squares of scores stay finite with."""


def _number(value: Any) -> Any:
    """A number of any kind, numpy's and bool included, as a float; anything else as it is."""
    if isinstance(value, str | bytes):
        return value
    try:
        return float(value)
    except Exception:  # tensors of several numbers raise RuntimeError
        return value


def _numbers(values: Mapping[str, Any]) -> Any:
    if _is_empty(values):
        return {}
    return {name: _number(value) for name, value in values.items()} if isinstance(values, Mapping) else values


def _is_empty(values: object) -> bool:
    """Whether it is what most feedback has. To ask about an abstract class takes far longer."""
    return type(values) is dict and not values


def _none_as_empty(text: str | None) -> Any:
    return "" if text is None else text


def _finite(_instance: object, attribute: attrs.Attribute[float], value: object) -> None:
    _check_finite(attribute.name, value)


def _all_finite(_instance: object, attribute: attrs.Attribute[Mapping[str, float]], values: object) -> None:
    for name, value in _named(attribute.name, values).items():
        _check_finite(f"{attribute.name}[{name!r}]", value)


def _text(_instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    _check_text(attribute.name, value)


def _all_texts(_instance: object, attribute: attrs.Attribute[Mapping[str, str]], values: object) -> None:
    for name, value in _named(attribute.name, values).items():
        _check_text(f"{attribute.name}[{name!r}]", value)


def _check_finite(what: str, value: object) -> None:
    if not isinstance(value, float):
        raise ValueError(f"{what} must be a finite number, not a {type(value).__name__}")
    if not abs(value) <= LARGEST:
        raise ValueError(f"{what} must be a finite number of at most {LARGEST:g}, not {value!r}")


def _check_text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{what} must be a text, not {value!r}")


def _named(what: str, values: object) -> Mapping[str, object]:
    if _is_empty(values):
        return {}
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise ValueError(f"{what} must be a mapping from names, not {values!r}")
    return values


@attrs.frozen
class Feedback:
    """What a metric says of an output.

    Attributes:
        score: higher is better, finite; bool counts as 0 or 1.
        text: what a reader should learn from it, shown to the reflection model; None counts as empty.
        objectives: further scores by name, higher is better.
        by_component: feedback text for single components, by component name.

    Raises ValueError when one of them is none of this.
    """

    score: float = attrs.field(validator=_finite, converter=_number)
    text: str = attrs.field(default="", validator=_text, converter=_none_as_empty)
    objectives: Mapping[str, float] = attrs.field(
        factory=dict, kw_only=True, validator=_all_finite, converter=_numbers
    )
    by_component: Mapping[str, str] = attrs.field(factory=dict, kw_only=True, validator=_all_texts)
