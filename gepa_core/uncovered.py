"""Instructions that reach a model and that no component holds, and how to make components of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from gepa_core.appgraph import Written, canonical_role, infer, is_instruction, why_no_instruction
from gepa_core.marks import SentMessage, marks_in, messages_in, model_steps, texts_in
from gepa_core.types import Json, Trajectory

DESCRIPTION = "tool description"
"""Stands in place of a role for a text that is in no message, but in the tools that a call offers."""
_CUT = re.compile(r"<cut: \d+ characters>")
"""What stands in a trajectory for the middle of a long text."""
_SHORTEST = 16
"""Characters below which a constant message is no instruction."""
_LEAST_WORDS = 6
"""Common words that tell that two messages of a user are made from one text."""


@attrs.frozen(kw_only=True)
class Uncovered:
    """An instruction that reaches a model and that no component holds.

    Attributes:
        text: what is the same in all messages that were seen, with ``{name}`` where they differ.
        model: the model's name.
        role: of the message, or `DESCRIPTION`.
        seen: how many different messages it was told from.
    """

    text: str
    model: str
    role: str
    seen: int = 1


@attrs.define
class _Group:
    """Messages that seem to be made from one text."""

    model: str
    role: str
    versions: list[str]
    text: Written
    trajectories: set[int]

    def with_version(self, version: str) -> Written | None:
        """The common text if ``version`` is of this group, too; None when it is not."""
        text = infer([*self.versions, version])
        least = 2 if canonical_role(self.role) == "system" else _LEAST_WORDS
        wanted = max(least, len(self.text.words.split()) // 2)
        return text if len(text.words.split()) >= wanted else None


def uncovered_in(trajectories: Sequence[Trajectory], inputs: Sequence[Json]) -> tuple[Uncovered, ...]:
    """The instructions without a mark in ``trajectories``.

    A system message is one, whatever it says. Of others those are that are the same in each example, or that
    have a text in common that instructs. What a model or a tool said, and what an example gives, is none.

    Args:
        trajectories: of an app with a mark in each of its components, one for each example.
        inputs: those of the examples.
    """
    groups: list[_Group] = []
    for number, (trajectory, given) in enumerate(zip(trajectories, inputs, strict=True)):
        said = (text for step in trajectory.steps for text in texts_in(step.output))
        data = {*texts_in(given), *said}
        for model, message in dict.fromkeys(_messages(trajectory)):
            if message.text not in data:
                _add(groups, model, message, number)
    return tuple(
        Uncovered(
            text=_CUT.sub("{rest}", one.text.natural), model=one.model, role=one.role, seen=len(one.versions)
        )
        for one in groups
        if _instructs(one, len(trajectories))
    )


def _messages(trajectory: Trajectory) -> Iterator[tuple[str, SentMessage]]:
    for step in model_steps(trajectory):
        for message in (*messages_in(_without_tools(step.inputs)), *_descriptions(step.inputs)):
            said = canonical_role(message.role) in ("assistant", "tool")
            if not said and len(message.text.strip()) >= _SHORTEST and not marks_in([message.text]):
                yield step.name, message


def _without_tools(inputs: Json) -> Json:
    if not isinstance(inputs, Mapping):
        return inputs
    return {key: value for key, value in inputs.items() if key != "tools"}


def _descriptions(inputs: Json) -> Iterator[SentMessage]:
    """What a call says of the tools that it offers."""
    tools = inputs.get("tools") if isinstance(inputs, Mapping) else None
    yield from (SentMessage(DESCRIPTION, text) for text in texts_in(tools))


def _add(groups: list[_Group], model: str, message: SentMessage, number: int) -> None:
    same = [one for one in groups if (one.model, one.role) == (model, message.role)]
    for group in same:
        if message.text in group.versions:
            group.trajectories.add(number)
            return
    fitting = [(text.weight, at) for at, one in enumerate(same) if (text := one.with_version(message.text))]
    if not fitting:
        groups.append(_Group(model, message.role, [message.text], infer([message.text]), {number}))
        return
    group = same[max(fitting)[1]]
    group.versions.append(message.text)
    group.text = infer(group.versions)
    group.trajectories.add(number)


def _instructs(group: _Group, examples: int) -> bool:
    if not is_instruction(group.text.words, words=1):
        return False
    if canonical_role(group.role) == "system":
        return True
    if len(group.trajectories) < max(examples, 2):
        return False
    if len(group.versions) == 1:
        return True
    says_something = not why_no_instruction(group.text.natural, "braces", by_line=True)
    return says_something and is_instruction(group.text.words, words=_LEAST_WORDS)


def as_sent(uncovered: Iterable[Uncovered], taken: Iterable[str]) -> Mapping[str, str]:
    """A name for each text of a message, as the adapters' parameter ``sent`` takes them.

    Args:
        taken: names of components that there are already.
    """
    named: dict[str, str] = {}
    known = set(taken)
    for one in uncovered:
        if one.role == DESCRIPTION:
            continue
        base = canonical_role(one.role) or "prompt"
        name, number = base, 2
        while name in known or name in named:
            name, number = f"{base}{number}", number + 1
        named[name] = one.text.strip()
    return named
