"""The values that flow through a run: what is optimised, what it is run on, and what came of it.

All are frozen attrs classes that survive a round trip through JSON (see `gepa_core.codec`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

import attrs

from gepa_core.templates import Syntax, find_placeholders, variable_of

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
Split: TypeAlias = Literal["train", "val", "test"]
Purpose: TypeAlias = Literal["seed", "probe", "parent", "child", "validation", "merge", "test"]
StepKind: TypeAlias = Literal["model", "tool", "retrieval", "custom"]


def content_id(value: Json) -> str:
    """A short, stable name for a JSON value: 16 hexadecimal digits of its canonical form's SHA-256."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@attrs.frozen(kw_only=True)
class Component:
    """One named text of a system that may change.

    Attributes:
        name: unique in the system, stable from one process to the next.
        text: its natural form, see `gepa_core.templates`.
        kind: ``"prompt"``, ``"instructions"``, ``"few_shot"``, ``"tool_description"``, ...
        syntax: how placeholders are written in it.
        role: the role of the message that it becomes, such as ``"system"``; empty when there is none.
        purpose: what it is for and its place among the others, one sentence for the reflection model.
        source: where in the app it was found.
        max_chars: the longest text allowed, in characters; None for no limit.
    """

    name: str
    text: str
    kind: str = "prompt"
    syntax: Syntax = "plain"
    role: str = ""
    purpose: str = ""
    source: str = ""
    max_chars: int | None = None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The placeholder tokens that every rewrite has to keep, verbatim."""
        return find_placeholders(self.text, self.syntax)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its template variables, each once."""
        return tuple(dict.fromkeys(variable_of(token) for token in self.placeholders))


@attrs.frozen(kw_only=True)
class Candidate:
    """A text for every component. Equal texts make equal candidates with equal ids."""

    texts: Mapping[str, str]
    id: str = attrs.field(init=False)

    @id.default
    def _id(self) -> str:
        return content_id(dict(self.texts))

    def with_texts(self, changed: Mapping[str, str]) -> Candidate:
        """This candidate with some texts replaced."""
        return Candidate(texts={**self.texts, **changed})


@attrs.frozen(kw_only=True)
class Example:
    """One input with whatever the metric needs.

    Attributes:
        inputs: what the system is run on.
        expected: what a good output is, if the data says; shown to the reflection model (train only).
        data: what the metric is given: the user's own row where one was passed, else this example.
        id: the hash of the content, unique within the split.
        split: which of the three data sets it belongs to.
    """

    inputs: object
    expected: object = None
    data: object = attrs.field(default=None, repr=False)
    id: str = ""
    split: Split = "train"


@attrs.frozen(kw_only=True)
class Usage:
    """What model calls used. A count that a provider does not report is *unknown*, never 0.

    Attributes:
        calls: model calls made.
        input_tokens: tokens sent, over the calls that report them.
        output_tokens: tokens received, over the calls that report them.
        dollars: cost in US dollars, over the calls with a known price.
        unmetered: calls that reported no token counts.
        unpriced: calls whose price is unknown.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    unmetered: int = 0
    unpriced: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            dollars=self.dollars + other.dollars,
            unmetered=self.unmetered + other.unmetered,
            unpriced=self.unpriced + other.unpriced,
        )

    @property
    def tokens(self) -> int:
        """Tokens sent and received, over the calls that report them."""
        return self.input_tokens + self.output_tokens


@attrs.frozen(kw_only=True)
class Step:
    """One thing that a system did while it ran.

    Attributes:
        kind: what sort of thing.
        name: the model's, tool's or retriever's name.
        inputs: what went in, as JSON (messages of a model call, arguments of a tool call).
        output: what came out, as JSON.
        error: the error it ended with, empty when there was none.
        usage: what a model call used.
        seconds: how long it took.
        parent: position in the trajectory of the step that contains this one.
        components: names of the components whose texts took part.
    """

    kind: StepKind
    name: str
    inputs: Json = None
    output: Json = None
    error: str = ""
    usage: Usage = Usage()
    seconds: float = 0.0
    parent: int | None = None
    components: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Trajectory:
    """The ordered steps of a rollout.

    Attributes:
        kept: whether the steps still have what went in and came out (`Execution.keep_trajectories`).
    """

    steps: tuple[Step, ...] = ()
    kept: bool = True

    @cached_property
    def usage(self) -> Usage:
        """The sum over all steps."""
        return sum((step.usage for step in self.steps), Usage())


@attrs.frozen(kw_only=True)
class Rollout:
    """One run of a candidate on an example, as the adapter saw it.

    Attributes:
        output: what the app returned, as it returned it.
        trajectory: what was captured, also when the run failed half way.
        error: what the app raised; the engine decides whose fault that was.
    """

    output: object = None
    trajectory: Trajectory = Trajectory()
    error: Exception | None = None


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


@attrs.frozen(kw_only=True)
class Failure:
    """Why a candidate failed on an example: the error was the candidate's fault, not the network's."""

    type: str
    message: str


@attrs.frozen(kw_only=True)
class Outcome:
    """A finished rollout with its feedback, in the form in which it is stored.

    Attributes:
        candidate: the candidate's id.
        example: the example's id within its split.
        split: the example's split.
        draw: 0, or the number of the proposal that wanted a fresh rollout instead of a known one.
        output: the app's output as JSON.
        failure: how the candidate failed on this example; None when it did not.
        feedback: the metric's word; of a failure the failure score, with the error as its text.
        seconds: wall clock of the rollout.
        attempts: how often it was tried: more than once after infrastructure faults.
    """

    candidate: str
    example: str
    split: Split
    draw: int = 0
    output: Json = None
    trajectory: Trajectory = Trajectory()
    failure: Failure | None = None
    feedback: Feedback
    seconds: float = 0.0
    attempts: int = 1

    @property
    def score(self) -> float:
        """The feedback's score."""
        return self.feedback.score


@attrs.frozen(kw_only=True)
class Merge:
    """A candidate to be made from two others, and how to test it (the paper's Algorithm 4).

    Attributes:
        parents: pool indices of the two that are merged.
        ancestor: pool index of their common ancestor.
        texts: the merged candidate's texts, for every component.
        examples: ids of the validation examples to test it on before it is validated in full.
    """

    parents: tuple[int, int]
    ancestor: int
    texts: Mapping[str, str]
    examples: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Spend:
    """What may be spent: rollouts by purpose, and calls of the reflection model."""

    rollouts: Mapping[str, int] = attrs.field(factory=dict)
    reflections: int = 0

    @property
    def total_rollouts(self) -> int:
        """Rollouts for all purposes together."""
        return sum(self.rollouts.values())


@attrs.frozen(kw_only=True)
class Proposal:
    """A numbered attempt at a new candidate and what became of it: the unit that is committed.

    Number 0 is the seed. The pool, the frontier and the ledger are a fold over these.

    Attributes:
        number: its place in the order of commits.
        kind: how the candidate came about.
        seen: number of the last commit that its decisions could see.
        parents: pool indices of the parents.
        components: names of the components that were to change; for the seed, of those that are live.
        examples: ids of the examples it was tested on (train for a mutation, validation for a merge).
        before: scores on them of the parent (of the better parent, for a merge).
        after: scores on them of the new candidate; empty when it never ran.
        texts: the new candidate's texts; None when none came about.
        status: ``accepted`` into the pool, ``rejected`` by the test on the minibatch, ``skipped``
            before a text was asked for, or ``dropped`` because no usable new text came about.
        reason: why, for people; begins with a short fixed word that can be counted by.
        scores: validation scores by example id, when accepted.
        objectives: validation scores per objective by example id, when accepted.
        reserved: the most it could have cost.
        rollouts: rollouts charged to it, by purpose.
        usage: what those used, by purpose.
        reused: rollouts that it needed and that were already known.
        saved: what those had used when they were bought.
        reflections: calls of the reflection model it made.
        reflection_usage: what its reflections used.
        lost: what attempts used that met infrastructure faults, as far as it is known. Two proposals that
            differ in nothing else are equal: it says something of the network.
        ancestor: pool index of the common ancestor, for a merge.
    """

    number: int
    kind: Literal["seed", "mutation", "merge"]
    seen: int = -1
    parents: tuple[int, ...] = ()
    components: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    texts: Mapping[str, str] | None = None
    status: Literal["accepted", "rejected", "skipped", "dropped"]
    reason: str = ""
    scores: Mapping[str, float] = attrs.field(factory=dict)
    objectives: Mapping[str, Mapping[str, float]] = attrs.field(factory=dict)
    reserved: Spend = Spend()
    rollouts: Mapping[str, int] = attrs.field(factory=dict)
    usage: Mapping[str, Usage] = attrs.field(factory=dict)
    reused: int = 0
    saved: Usage = Usage()
    reflections: int = 0
    reflection_usage: Usage = Usage()
    lost: Usage = attrs.field(default=Usage(), eq=False)
    ancestor: int | None = None
