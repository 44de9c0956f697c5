"""What can be made to go wrong: faults as values, and their short spelling for the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

KINDS = {
    "drop": "the connection is closed without an answer",
    "truncate": "the connection is closed in the middle of the answer",
    "malformed": "a whole answer that is no JSON",
    "empty": "an answer without a word",
    "garbage": "an answer that has nothing to do with the question",
    "slow": "the right answer, after so many more seconds",
    "hang": "no answer, and the connection stays open",
}
"""Every kind of fault but the HTTP statuses from 400 to 599, which are kinds too."""

_NUMBERS: dict[str, Callable[[str], float]] = {
    "rate": float,
    "after": int,
    "times": int,
    "seconds": float,
    "retry_after": float,
}


def _check_kind(_instance: object, _attribute: attrs.Attribute[str], value: str) -> None:
    is_status = isinstance(value, str) and value.isascii() and value.isdigit() and 400 <= int(value) <= 599
    if not is_status and value not in KINDS:
        raise ValueError(
            f"there is no fault of kind {value!r}; there are {', '.join(map(repr, KINDS))} and every HTTP"
            " status from '400' to '599'"
        )


def _not_negative(_instance: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value >= 0:
        raise ValueError(f"a fault's {attribute.name!r} cannot be {value!r}")


def _check_rate(_instance: object, _attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"a fault's 'rate' is from 0 to 1, not {value!r}")


@attrs.frozen
class Fault:
    """Something that goes wrong instead of an answer, or with it.

    Attributes:
        kind: one of `KINDS`, or an HTTP status such as ``"503"``.
        model: the model that it happens to; empty for all.
        rate: share of the requests that it strikes. Whether it strikes one is drawn from the server's seed,
            the request's content and how often that content has come, so it does not depend on timing.
        after: requests (to ``model``, counted from when the fault was set) that it leaves alone first.
        times: how often it strikes at most; None until it is taken away. Which requests these are depends on
            timing where several come at once.
        seconds: how much longer a ``slow`` answer takes.
        retry_after: seconds that a status tells the client to wait, as ``Retry-After``; None to say nothing.

    Raises:
        ValueError: one of them makes no sense.
    """

    kind: str = attrs.field(validator=_check_kind)
    model: str = attrs.field(default="", kw_only=True)
    rate: float = attrs.field(default=1.0, kw_only=True, validator=_check_rate)
    after: int = attrs.field(default=0, kw_only=True, validator=_not_negative)
    times: int | None = attrs.field(default=None, kw_only=True, validator=_not_negative)
    seconds: float = attrs.field(default=1.0, kw_only=True, validator=_not_negative)
    retry_after: float | None = attrs.field(default=None, kw_only=True, validator=_not_negative)

    @property
    def status(self) -> int | None:
        """The HTTP status; None when the fault is of another kind."""
        return None if self.kind in KINDS else int(self.kind)


def parse_fault(text: str) -> Fault:
    """A fault from its short spelling: the kind, then settings: ``429,rate=0.1,retry_after=2``.

    Raises:
        ValueError: it cannot be read; the message says why.
    """
    kind, *settings = (part.strip() for part in text.split(","))
    values: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name == "model":
            values[name] = value
        elif name in _NUMBERS:
            values[name] = _number(name, value)
        else:
            known = ", ".join(("model", *_NUMBERS))
            raise ValueError(
                f"a fault has no setting {name!r}; there are {known}, as in 'model=simulated-task'"
            )
    return Fault(kind, **values)


def _number(name: str, value: str) -> float:
    try:
        return _NUMBERS[name](value)
    except ValueError:
        raise ValueError(f"a fault's {name!r} is a number, not {value!r}") from None


def as_faults(faults: Iterable[Fault | str]) -> tuple[Fault, ...]:
    """Faults, where some may be spelled as `parse_fault` reads them."""
    return tuple(parse_fault(one) if isinstance(one, str) else one for one in faults)


def read_faults(body: bytes) -> tuple[Fault, ...]:
    """Faults from JSON: a list of objects with the fields of `Fault`, or of short spellings.

    Raises:
        ValueError: it is no such list.
    """
    data = json.loads(body)
    if not isinstance(data, list):
        raise ValueError("faults are a JSON list, such as ['503,rate=0.1', {'kind': 'drop'}]")
    return tuple(_from_json(one) for one in data)


def _from_json(one: Any) -> Fault:
    if isinstance(one, str):
        return parse_fault(one)
    try:
        values = dict(one)
        return Fault(values.pop("kind"), **values)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{one!r} is no fault: {error}") from None


def as_json(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Faults as JSON, to be read by `read_faults`."""
    return [attrs.asdict(fault) for fault in faults]
