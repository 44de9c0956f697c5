"""What an answer to each hook has to be, whoever gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from gepa_core.data import shown
from gepa_core.pool import Pool
from gepa_core.state import Member
from gepa_core.types import Example, Merge, Outcome

T = TypeVar("T")


class Nonsense(Exception):
    """An answer cannot be used. The message goes on after "answered …"."""


def instance_of(answer_type: type[T]) -> Callable[[Any], T]:
    """A check that the answer is an ``answer_type``."""

    def check(answer: Any) -> T:
        if not isinstance(answer, answer_type):
            raise Nonsense(f"{shown(answer, 200)}, which is no {answer_type.__name__}")
        return answer

    return check


def member_of(pool: Pool) -> Callable[[Any], Member]:
    """A check that the answer is a member that can be seen in ``pool``."""

    def check(answer: Any) -> Member:
        member = instance_of(Member)(answer)
        if not _sees(pool, member.index) or pool.members[member.index] is not member:
            raise Nonsense(f"a Member with index {member.index}, which is not in the pool it was given")
        return member

    return check


def examples_of(allowed: Iterable[Example], where: str) -> Callable[[Any], tuple[Example, ...]]:
    """A check that the answer is a sequence of ``allowed`` examples, each at most once."""
    by_id = {example.id: example for example in allowed}

    def check(answer: Any) -> tuple[Example, ...]:
        for example in _items(answer):
            known = by_id.get(example.id) if isinstance(example, Example) else None
            if known is None or known.split != example.split:
                raise Nonsense(f"{shown(example, 200)}, which is not among {where}")
        return tuple(by_id[id_] for id_ in _each_once([example.id for example in answer]))

    return check


def redacted_from(outcome: Outcome) -> Callable[[Any], Outcome]:
    """A check that the answer is ``outcome`` with other texts in it."""

    def check(answer: Any) -> Outcome:
        redacted = instance_of(Outcome)(answer)
        if redacted is outcome:
            return outcome
        was, now = _facts(outcome), _facts(redacted)
        for name, value in was.items():
            if now[name] != value:
                raise Nonsense(
                    f"an Outcome whose {name} was {value!r} and is {now[name]!r}; only texts may change"
                )
        return redacted

    return check


def _facts(outcome: Outcome) -> dict[str, Any]:
    """What no redaction may change: the run is made of it."""
    return {
        "candidate": outcome.candidate,
        "split": outcome.split,
        "example": outcome.example,
        "draw": outcome.draw,
        "score": outcome.feedback.score,
        "objectives": dict(outcome.feedback.objectives),
        "usage": outcome.trajectory.usage,
        "failure": outcome.failure and outcome.failure.type,
    }


def components_of(pool: Pool) -> Callable[[Any], tuple[str, ...]]:
    """A check that the answer is a sequence of names of components, each at most once."""
    names = [component.name for component in pool.components]

    def check(answer: Any) -> tuple[str, ...]:
        for name in _items(answer):
            if name not in names:
                raise Nonsense(f"{shown(name, 200)}, which is not among the components: {_listed(names)}")
        return _each_once(answer)

    return check


def merge_in(pool: Pool) -> Callable[[Any], Merge]:
    """A check that the answer is a merge that can be made and tested in ``pool``."""
    names = [component.name for component in pool.components]

    def check(answer: Any) -> Merge:
        merge = instance_of(Merge)(answer)
        for index in (*merge.parents, merge.ancestor):
            if not _sees(pool, index):
                raise Nonsense(f"a Merge with member {index!r}, and the pool has {len(pool.members)}")
        if set(merge.texts) != set(names):
            raise Nonsense(
                f"a Merge with texts for {_listed(merge.texts)}; give one for each of {_listed(names)}"
            )
        for text in merge.texts.values():
            instance_of(str)(text)
        _check_test(pool, merge)
        return merge

    return check


def _check_test(pool: Pool, merge: Merge) -> None:
    """A merge is tested on examples that both parents have run."""
    if not _each_once(merge.examples):
        raise Nonsense("a Merge without examples to test it on")
    for index in merge.parents:
        missing = [id_ for id_ in merge.examples if id_ not in pool.members[index].scores]
        if missing:
            raise Nonsense(f"a Merge to be tested on example {missing[0]!r}, which member {index} never ran")


def a_reason(answer: Any) -> str:
    """Check that a reason to stop is a text; an empty one is none."""
    return instance_of(str)(answer)


def texts_by_name(answer: Any) -> Mapping[str, str]:
    """Check that the answer is a mapping. The texts in it are judged one by one, see `gepa_core.guard`."""
    texts: Mapping[str, str] = instance_of(Mapping)(answer)
    return texts


def _sees(pool: Pool, index: Any) -> bool:
    return isinstance(index, int) and 0 <= index < len(pool.members)


def _items(answer: Any) -> Sequence[Any]:
    if isinstance(answer, str | bytes) or not isinstance(answer, Sequence):
        raise Nonsense(f"{shown(answer, 200)}, which is no list and no tuple")
    return answer


def _each_once(names: Sequence[str]) -> tuple[str, ...]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Nonsense(f"{name!r} twice")
        seen.add(name)
    return tuple(names)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "nothing"
