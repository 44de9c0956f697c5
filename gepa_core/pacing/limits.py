"""Limits as users write them, and which models they are for."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

from gepa_core.errors import ConfigurationError


def _count(_instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ConfigurationError(
            f"RateLimit: {attribute.name} must be a whole number of 1 or more, not {value!r}"
        )


def _seconds(_instance: object, _attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ConfigurationError(f"RateLimit: seconds must be more than 0, not {value!r}")


@attrs.frozen(kw_only=True)
class RateLimit:
    """How many calls of a model may begin, and how many tokens they may use, in any minute.

    Attributes:
        requests: calls that may begin; None for no limit.
        tokens: tokens sent and received by the calls that begin; None for no limit. What a call uses is
            known when it has ended; until then it counts with the mean of the last ones.
        seconds: the length of time that both are for, where it is not a minute.

    Raises:
        ConfigurationError: neither is given, or one is not positive.
    """

    requests: int | None = attrs.field(default=None, validator=_count)
    tokens: int | None = attrs.field(default=None, validator=_count)
    seconds: float = attrs.field(default=60.0, validator=_seconds)

    def __attrs_post_init__(self) -> None:
        if self.requests is None and self.tokens is None:
            raise ConfigurationError("RateLimit: give requests=, tokens= or both")


def as_limits(value: Any) -> dict[str, RateLimit]:
    """Limits by the names or globs of models, from `RateLimit` objects or tables of their settings.

    Raises:
        ConfigurationError: it is no such mapping, or a limit makes no sense.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"execution: {_EXPECTED}, not {value!r}")
    return {_pattern(name): _limit(name, one) for name, one in value.items()}


_EXPECTED = (
    "limits must be a mapping from the name of a model, or a glob, to its RateLimit, such as"
    " {'openai/gpt-4.1-mini': RateLimit(requests=500)}, or to a table of its settings"
)


def _pattern(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"execution: {_EXPECTED}; {name!r} is no name")
    return name


def _limit(name: str, value: Any) -> RateLimit:
    if isinstance(value, RateLimit):
        return value
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"execution: {_EXPECTED}; {name!r} has {value!r}")
    known = [field.name for field in attrs.fields(RateLimit)]
    unknown = [key for key in value if key not in known]
    if unknown:
        raise ConfigurationError(
            f"execution: limits: {name!r} has {unknown[0]!r}; there are {', '.join(map(repr, known))}"
        )
    try:
        return RateLimit(**value)
    except ConfigurationError as error:
        raise ConfigurationError(f"execution: limits: {name!r}: {error}") from None


def is_for(pattern: str, model: str) -> bool:
    """Whether a name or glob is for ``model``.

    The provider counts where both have one: ``"openai/gpt-4.1"`` and ``"gpt-4.1"`` are the same model,
    since frameworks leave it out and ``reflection_lm="provider/model"`` has it.
    """
    if fnmatchcase(model, pattern) or fnmatchcase(model.partition("/")[2], pattern):
        return True
    return "/" not in model and "/" in pattern and fnmatchcase(model, pattern.partition("/")[2])
