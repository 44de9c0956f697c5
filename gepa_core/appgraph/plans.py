"""What is worked out once for a candidate's texts and used in all of its rollouts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeAlias, TypeVar

import attrs

from gepa_core.errors import ConfigurationError
from gepa_core.types import Component

PlanT = TypeVar("PlanT")
_Key: TypeAlias = tuple[str | None, ...]


@attrs.define(eq=False, kw_only=True)
class Plans(Generic[PlanT]):
    """The plans of the candidates that were used last. Threads may share it.

    Attributes:
        kept: the most plans that are kept, at least 1.
    """

    kept: int = attrs.field(default=64, validator=attrs.validators.ge(1))
    _plans: OrderedDict[_Key, PlanT] = attrs.field(init=False, factory=OrderedDict, repr=False)
    _lock: threading.Lock = attrs.field(init=False, factory=threading.Lock, repr=False)

    def __len__(self) -> int:
        """How many plans are kept now."""
        return len(self._plans)

    def get(self, texts: Mapping[str, str], names: Iterable[str], make: Callable[[], PlanT]) -> PlanT:
        """The plan for ``texts``, made by ``make`` where none is kept.

        Plans are made outside of the lock: two threads that ask for the same new one may both make it.
        What ``make`` raises passes through, and nothing is kept.

        Args:
            texts: the candidate's; a name that is missing is something else than any text.
            names: the system's components, in the same order in every call.
            make: makes the plan for ``texts``.
        """
        key = tuple(texts.get(name) for name in names)
        with self._lock:
            if key in self._plans:
                self._plans.move_to_end(key)
                return self._plans[key]
        plan = make()
        with self._lock:
            self._plans[key] = plan
            while len(self._plans) > self.kept:
                self._plans.popitem(last=False)
        return plan


def check_names(texts: Iterable[str], known: Iterable[str]) -> None:
    """Check that each name in ``texts`` is one of ``known``, the names of an app's components.

    Raises:
        ConfigurationError: one is not; the message lists those that are.
    """
    names = list(known)
    unknown = [name for name in texts if name not in names]
    if unknown:
        listed = ", ".join(map(repr, names)) or "none"
        raise ConfigurationError(f"{unknown[0]!r} is not a component of this app; its components: {listed}")


def changed_texts(texts: Mapping[str, str], components: Iterable[Component]) -> dict[str, str]:
    """By name, those of ``texts`` that differ from their component's own text, in the components' order."""
    return {one.name: texts[one.name] for one in components if texts.get(one.name, one.text) != one.text}
