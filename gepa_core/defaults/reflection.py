"""The built-in mutation: a language model reflects on a minibatch and rewrites a component's text.

The paper's reflective prompt mutation (arXiv 2507.19457, section 3.2).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import attrs

from gepa_core.errors import ConfigurationError, PromptRefused, ProposalDropped
from gepa_core.images import images_in
from gepa_core.markers import hookimpl
from gepa_core.mutation import MutationRequest
from gepa_core.protocols import Message, SeeingModel
from gepa_core.reflection import (
    DEFAULT_TEMPLATE,
    Gallery,
    NewText,
    Unusable,
    check_template,
    extract_text,
    render_prompt,
    with_images,
)
from gepa_core.types import Component, Example, Outcome

log = logging.getLogger("gepa_core.reflection")
_LEAST_TOKENS = 1_000


def _check_template(_instance: object, _attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None:
        check_template(value)


def _check_tokens(_instance: object, _attribute: attrs.Attribute[int], value: int) -> None:
    if value < _LEAST_TOKENS:
        raise ConfigurationError(
            f"max_tokens={value!r} leaves no room for examples: give at least {_LEAST_TOKENS:,}"
        )


def _check_count(_instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 0:
        raise ConfigurationError(f"{attribute.name}={value!r} must be 0 or more")


@attrs.define(eq=False, kw_only=True)
class ReflectiveMutation:
    """Ask the reflection model for a new text of each chosen component, all at once.

    Attributes:
        template: the reflection prompt, see `gepa_core.reflection.template`; the default when None.
        max_tokens: budget of a prompt, at four characters a token.
        retries: how often a text that cannot be used is asked for again, with the reason.
        task: what the whole system is for, shown to the model first.
        images: how many images of inputs, steps and outputs a prompt shows at most, beside ``max_tokens``.
            They are kept in the run directory. A model that cannot be shown any is asked in words alone.
    """

    template: str | None = attrs.field(default=None, validator=_check_template)
    max_tokens: int = attrs.field(default=16_000, validator=_check_tokens)
    retries: int = attrs.field(default=1, validator=_check_count)
    task: str = ""
    images: int = attrs.field(default=0, validator=_check_count)
    _gallery: Gallery | None = attrs.field(default=None, init=False)
    _said_blind: bool = attrs.field(default=False, init=False)

    @property
    def most_calls(self) -> int:
        """Calls of the model for one component at most: one more where it may refuse the images."""
        return 1 + self.retries + bool(self.images)

    @hookimpl
    def gepa_configure(self, run_dir: str) -> None:
        """Know where the run's images are kept."""
        self._gallery = Gallery(Path(run_dir, "images")) if self.images else None

    @hookimpl
    def gepa_redact_outcome(self, outcome: Outcome, example: Example) -> None:
        """Keep the images of a training example's rollout: what is stored of it has only references."""
        if self._gallery is not None and example.split == "train":
            steps = [(step.inputs, step.output) for step in outcome.trajectory.steps]
            self._gallery.keep(images_in([steps, outcome.output]))

    @hookimpl
    async def gepa_propose_texts(self, request: MutationRequest) -> Mapping[str, str]:
        """A new text for each of ``request.components``.

        Raises:
            ProposalDropped: one of them could not be had. The message begins with ``refusal``, ``empty``,
                ``no-text``, ``truncated``, ``unchanged``, ``unwritable``, ``placeholder`` or ``too-long``,
                and a colon.
        """
        results = await asyncio.gather(
            *(self._rewrite(component, request) for component in request.components),
            # Calls that are under way are paid for: let them end, and be stored, before giving up.
            return_exceptions=True,
        )
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in sorted(failures, key=lambda each: isinstance(each, ProposalDropped)):
            raise failure
        texts = [result for result in results if isinstance(result, str)]
        return {component.name: text for component, text in zip(request.components, texts, strict=True)}

    async def _rewrite(self, component: Component, request: MutationRequest) -> str:
        prompt = self._prompt(component, request)
        question, problem = await self._shown(prompt, request), ""
        follow_ups: tuple[Message, ...] = ()
        for _ in range(1 + self.retries):
            try:
                completion = await request.model.complete([question, *follow_ups])
            except PromptRefused:
                if not question.images:
                    raise
                question = Message("user", prompt)
                completion = await request.model.complete([question, *follow_ups])
            found = extract_text(completion.text, component.text, finish_reason=completion.finish_reason)
            problem = _problem(found, component, request)
            if isinstance(found, NewText) and not problem:
                return found.text
            follow_ups += _follow_up(completion.text, problem)
        raise ProposalDropped(f"{problem} (component {component.name!r})")

    async def _shown(self, prompt: str, request: MutationRequest) -> Message:
        """The question, with images where they are wanted and the model can be shown them."""
        if not self.images or self._gallery is None:
            return Message("user", prompt)
        model = request.model
        if isinstance(model, SeeingModel) and await model.sees_images():
            return with_images(prompt, request.minibatch, self.images, self._gallery.find)
        if not self._said_blind:
            self._said_blind = True
            log.warning(
                "images=%d, but the reflection model %r cannot be shown any: it is asked in words alone",
                self.images,
                model.name,
            )
        return Message("user", prompt)

    def _prompt(self, component: Component, request: MutationRequest) -> str:
        return render_prompt(
            component,
            all_components=request.all_components,
            minibatch=request.minibatch,
            task=self.task,
            template=self.template or DEFAULT_TEMPLATE,
            max_tokens=self.max_tokens,
        )


def _problem(found: NewText | Unusable, component: Component, request: MutationRequest) -> str:
    """Why what was found cannot be used, beginning with a fixed word; empty when it can."""
    if isinstance(found, Unusable):
        return found.reason
    return "; ".join(request.problems(component.name, found.text))


def _follow_up(answer: str, problem: str) -> tuple[Message, Message]:
    """The conversation's next two messages: what the model said, and why it is asked again."""
    return (
        # Some providers refuse an empty message.
        Message("assistant", answer if answer.strip() else "(no answer)"),
        Message(
            "user",
            f"That answer cannot be used ({problem}). Answer again: give the whole new text in one fenced "
            "block, keep to every requirement that was stated, and write nothing after the block.",
        ),
    )
