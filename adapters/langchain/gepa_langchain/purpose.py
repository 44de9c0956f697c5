"""One sentence about a text's place in the app, for the reflection model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseLanguageModel
from langchain_core.output_parsers import BaseOutputParser
from langchain_core.prompts import BasePromptTemplate
from langchain_core.runnables import Runnable

from gepa_langchain.places import Place, Stage

_HOLDERS = ("bound", "runnable", "default")


def purpose_of(what: str, place: Place) -> str:
    """A sentence such as "system message of the prompt at step 1 of 3 (in 'triage'), sent to ChatOpenAI".

    Args:
        what: what the text is: "system message", "template", ...
        place: where it stands.
    """
    parts = [f"{what} of the prompt" if isinstance(place.prompt, BasePromptTemplate) else what]
    if place.stages:
        inner = place.stages[-1]
        parts.append(f"at step {inner.index + 1} of {len(inner.sequence.steps)}")
    if place.labels:
        parts.append(f"(in {' > '.join(repr(label) for label in place.labels)})")
    sentence = " ".join(parts)
    model = _model_after(place.stages)
    if model:
        sentence += f", sent to {model}"
    feeds = _feeds(place.stages)
    if feeds:
        sentence += f"; {feeds}"
    return sentence


def model_name(step: Any) -> str:
    """The class of the model that a step is or wraps, empty when it is none."""
    for _ in range(8):
        if isinstance(step, BaseLanguageModel):
            return type(step).__name__
        wrapped = next((getattr(step, name) for name in _HOLDERS if hasattr(step, name)), None)
        if not isinstance(wrapped, Runnable):
            return ""
        step = wrapped
    return ""


def _model_after(stages: Sequence[Stage]) -> str:
    """The nearest model behind the innermost step, looking outwards where a sequence ends before one."""
    for stage in reversed(stages):
        for step in stage.sequence.steps[stage.index + 1 :]:
            if model_name(step):
                return model_name(step)
    return ""


def _feeds(stages: Sequence[Stage]) -> str:
    """What happens to the model's answer."""
    seen_model = False
    for stage in reversed(stages):
        steps = stage.sequence.steps
        for number in range(stage.index + 1, len(steps)):
            step = steps[number]
            if not seen_model and model_name(step):
                seen_model = True
            elif not isinstance(step, BaseOutputParser):
                return f"its output feeds step {number + 1} of {len(steps)} ({_describe(step)})"
    return "its output is the answer of the whole" if seen_model else ""


def _describe(step: Runnable[Any, Any]) -> str:
    name = getattr(step, "name", None)
    kind = type(step).__name__
    return f"{kind} {name!r}" if isinstance(name, str) and name else kind
