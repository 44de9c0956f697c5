"""Checks of numbers that users give as settings, as attrs validators that say what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from gepa_core.errors import ConfigurationError

Validator: TypeAlias = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def whole(owner: str, *, least: int) -> Validator:
    """A check that a setting of ``owner`` is a whole number of at least ``least``; True is none."""

    def check(_instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigurationError(
                f"{owner}: {attribute.name} must be a whole number of at least {least}, not {value!r}"
            )

    return check


def at_least(owner: str, *, least: float) -> Validator:
    """A check that a setting of ``owner`` is a number of at least ``least``, which NaN is not."""

    def check(_instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not _is_number(value) or not value >= least:
            raise ConfigurationError(
                f"{owner}: {attribute.name} must be a number of at least {least:g}, not {value!r}"
            )

    return check


def more_than_zero(owner: str, *, unit: str = "") -> Validator:
    """A check that a setting of ``owner`` is a number above 0, or None for no limit."""
    said = f" {unit}" if unit else ""

    def check(_instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is not None and not (_is_number(value) and value > 0):
            raise ConfigurationError(
                f"{owner}: {attribute.name} must be more than 0{said}, not {value!r}; None is no limit"
            )

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
