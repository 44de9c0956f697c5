"""Seeing which texts reach a model: put a mark into each, run the app, and look for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from gepa_core.types import Candidate, Json, Outcome, Step, Trajectory, content_id

_MARK = re.compile(r"\[\[mark-[0-9a-f]{16}\]\]")


def mark_of(name: str) -> str:
    """The mark of component ``name``: characters that mean nothing in any template syntax."""
    return f"[[mark-{content_id(name)}]]"


def marked(candidate: Candidate, names: Iterable[str]) -> Candidate:
    """``candidate`` with the mark of each of ``names`` at the end of its text."""
    return candidate.with_texts({name: f"{candidate.texts[name]}\n{mark_of(name)}" for name in names})


def marks_in(texts: Iterable[str]) -> list[str]:
    """Every mark in ``texts``, each once."""
    return list(dict.fromkeys(mark for text in texts for mark in _MARK.findall(text)))


def attributed(trajectories: Iterable[Trajectory]) -> set[str]:
    """Names of the components that some step says it was caused by."""
    return {name for trajectory in trajectories for step in trajectory.steps for name in step.components}


def arrived(names: Iterable[str], trajectories: Iterable[Trajectory]) -> set[str]:
    """Those of ``names`` whose marks reached a model."""
    sent = [
        text
        for trajectory in trajectories
        for step in model_steps(trajectory)
        for text in texts_in(step.inputs)
    ]
    return {name for name in names if any(mark_of(name) in text for text in sent)}


def model_steps(trajectory: Trajectory) -> list[Step]:
    """The calls of models."""
    return [step for step in trajectory.steps if step.kind == "model"]


def calls_a_model(outcomes: Iterable[Outcome]) -> bool:
    """Whether any outcome's trajectory shows a call of a model."""
    return any(model_steps(outcome.trajectory) for outcome in outcomes)


def texts_in(value: Json) -> Iterator[str]:
    """Every string in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from texts_in(item)


@attrs.frozen
class SentMessage:
    """A message that was sent to a model, or a text block of one. ``role`` is empty where none is known."""

    role: str
    text: str


def messages_in(value: Json) -> Iterator[SentMessage]:
    """The messages of a model step's inputs, however they are nested; a bare text is one."""
    if isinstance(value, str):
        yield SentMessage("", value)
    elif isinstance(value, Mapping):
        if "role" in value and "content" in value:
            yield from (SentMessage(str(value["role"]), text) for text in _texts_of(value["content"]))
        else:
            for item in value.values():
                yield from messages_in(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from messages_in(item)


def _texts_of(content: Json) -> Iterator[str]:
    """The text of a message, or those of its blocks."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Sequence):
        for block in content:
            text = block.get("text") if isinstance(block, Mapping) else block
            if isinstance(text, str):
                yield text
