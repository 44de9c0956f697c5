"""Values to JSON and back, for the store. Nothing is ever pickled."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from gepa_core.jsonable import to_jsonable

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")


def _is_json(cls: Any) -> bool:
    """Whether ``cls`` is the recursive union `Json`, whose members resolve differently in each field."""
    origins = [get_origin(member) for member in get_args(cls)]
    return Mapping in origins and Sequence in origins


@functools.cache
def _converter() -> Converter:
    from cattrs.preconf.json import make_converter

    from gepa_core.types import Candidate

    converter = make_converter(omit_if_default=True, detailed_validation=False)
    converter.register_structure_hook_func(_is_json, lambda value, _type: value)
    converter.register_unstructure_hook_func(_is_json, lambda value: value)
    converter.register_structure_hook(Candidate, lambda value, _type: Candidate(texts=value["texts"]))
    return converter


def to_plain(value: object) -> Any:
    """An attrs value as JSON-able dicts and lists."""
    return _converter().unstructure(value)


def from_plain(plain: Any, cls: type[T]) -> T:
    """The value of class ``cls`` that `to_plain` made ``plain`` of."""
    return _converter().structure(plain, cls)


def encode(value: object) -> str:
    """An attrs value as a JSON text, in ASCII so that lone surrogates survive.

    What an app's adapter put into a trajectory and JSON does not know is written as `to_jsonable` shows it.
    """
    return json.dumps(to_plain(value), separators=(",", ":"), default=to_jsonable)


def decode(text: str, cls: type[T]) -> T:
    """The value that `encode` made ``text`` of."""
    return from_plain(json.loads(text), cls)
