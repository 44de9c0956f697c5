"""How many tokens a model call used, wherever the provider says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gepa_core.types import Usage

_INPUT = ("prompt_tokens", "input_tokens", "prompt_token_count", "prompt_eval_count", "inputTokens")
_OUTPUT = (
    "completion_tokens",
    "output_tokens",
    "candidates_token_count",
    "eval_count",
    "outputTokens",
)
_NESTED = ("usage", "usage_metadata", "usageMetadata", "meta", "billed_units", "tokens")

UNKNOWN = Usage(calls=1, unmetered=1, unpriced=1)
"""A call of which nothing is known. The framework never knows a price."""


def usage_of(response: object) -> Usage:
    """What a chat or completion response says; counts that are not reported stay unknown."""
    for report in _reports(response):
        sent, received = _count(report, _INPUT), _count(report, _OUTPUT)
        if sent is not None and received is not None:
            return Usage(calls=1, input_tokens=sent, output_tokens=received, unpriced=1)
    return UNKNOWN


def _reports(response: object) -> Iterator[object]:
    """Where providers' integrations put their counts, most reliable first."""
    raw = _get(response, "raw")
    message = _get(response, "message")
    for holder in (raw, _get(response, "additional_kwargs"), _get(message, "additional_kwargs")):
        for name in _NESTED:
            nested = _get(holder, name)
            if nested is not None:
                yield nested
                yield from filter(None, (_get(nested, inner) for inner in _NESTED))
        if holder is not None:
            yield holder


def _count(report: object, names: tuple[str, ...]) -> int | None:
    for name in names:
        value = _get(report, name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return int(value)
    return None


def _get(holder: object, name: str) -> object:
    """An entry of a mapping or a plain attribute of a response object of any provider's client."""
    if holder is None or isinstance(holder, str | int | float):
        return None
    if isinstance(holder, Mapping):
        return holder.get(name)
    return getattr(holder, name, None)
