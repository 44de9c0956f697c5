"""The reflection model as a proposal sees it: every answer is stored before it is used."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from gepa_core.entries import REFLECTION
from gepa_core.errors import GepaError, InfrastructureFault, ModelFault, PromptRefused, ProposalDropped
from gepa_core.events import ReflectionFinished, Retried
from gepa_core.faults import as_model_error, describe, rejects_text
from gepa_core.gate import Gate
from gepa_core.pacing import Pace, PacedCalls
from gepa_core.prices import Price, priced
from gepa_core.protocols import Completion, LanguageModel, Message, SeeingModel
from gepa_core.retry import Patience, with_retries
from gepa_core.stages import Stages
from gepa_core.store import Store
from gepa_core.stray import is_for_the_run, ordinary
from gepa_core.types import Usage, content_id


@attrs.define(kw_only=True, eq=False)
class RecordedModel:
    """A `LanguageModel` for one proposal.

    A question that this proposal has asked before, in this process or in one that was killed, is answered
    from the store. Otherwise it waits for a place, is tried again after infrastructure faults, and counted.

    Attributes:
        allowed: calls that were reserved for the proposal, one more of which drops it; None when calls are
            not limited.
        prices: what models cost, for a model that says no price itself.
        pace: how fast it may be called.
        calls: calls made so far, those answered from the store included.
    """

    model: LanguageModel
    number: int
    allowed: int | None
    store: Store
    gate: Gate
    stages: Stages
    patience: Patience
    prices: Mapping[str, Price]
    pace: Pace
    calls: int = attrs.field(default=0, init=False)
    _asked: Counter[str] = attrs.field(factory=Counter, init=False)
    _used: dict[tuple[str, int], Usage] = attrs.field(factory=dict, init=False)
    """Prompt and occurrence to what the answer used."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def usage(self) -> Usage:
        """What the calls used: added in an order that does not depend on which answer came first."""
        return sum((self._used[key] for key in sorted(self._used)), Usage())

    async def sees_images(self) -> bool:
        """Whether the model can be shown images."""
        return isinstance(self.model, SeeingModel) and await self.model.sees_images()

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Answer ``messages``.

        Raises:
            ProposalDropped: the proposal has used up the calls that were reserved for it.
            PromptRefused: the model refuses the prompt, which for one with images may mean that it sees none.
            InfrastructureFault: the model kept failing.
            ModelFault: the model cannot be used at all.
        """
        if self.allowed is not None and self.calls >= self.allowed:
            raise ProposalDropped(f"calls: more than the {self.allowed} calls reserved for a proposal")
        self.calls += 1
        prompt = prompt_id(messages)
        occurrence = self._asked[prompt]
        self._asked[prompt] += 1
        completion = self.store.answer(self.number, prompt, occurrence)
        reused = completion is not None
        if completion is None:
            completion = await self._ask(messages)
            usage = priced(completion.usage, self.name, self.prices)
            completion = attrs.evolve(completion, usage=usage)
            self.store.save_answer(self.number, prompt, occurrence, completion)
        self._used[prompt, occurrence] = completion.usage
        self.stages.notify(
            ReflectionFinished(
                number=self.number, text=completion.text, usage=completion.usage, reused=reused
            )
        )
        return completion

    async def _ask(self, messages: Sequence[Message]) -> Completion:
        async def once() -> Completion:
            await self.pace.released(self.name, self.gate)  # before a place is taken that others could use
            async with self.gate.place(self.number):
                task = asyncio.current_task()
                call = await PacedCalls(self.pace, self.gate).abegin(self.name)
                try:
                    completion = await self.model.complete(messages)
                except BaseException as raised:
                    if is_for_the_run(raised, task):
                        raise
                    error = ordinary(raised)
                    call.fail(error)
                    fault = self._fault(error, messages)
                    if isinstance(fault, InfrastructureFault):
                        self.store.save_fault(self.number, REFLECTION, Usage())
                    # A refusal is final, whatever its cause says by itself.
                    raise fault from (None if isinstance(fault, PromptRefused) else error)
                call.end(completion.usage)
                return completion

        return await with_retries(
            once,
            self.patience,
            on_retry=lambda attempt, wait, fault: self.stages.notify(
                Retried(
                    number=self.number, what="reflection", attempt=attempt, wait=wait, error=fault.message
                )
            ),
        )

    def _fault(self, error: Exception, messages: Sequence[Message]) -> Exception:
        """What an error of the model means for the proposal or the run.

        Providers have many ways to say that a model cannot be shown images. So whatever is no passing fault
        counts as that, where there are some; should it be another, the question without images will show it.
        """
        known = as_model_error(error)
        with_images = any(message.images for message in messages)
        if isinstance(known, InfrastructureFault) or (isinstance(known, GepaError) and not with_images):
            return known
        if with_images or rejects_text(error):
            return PromptRefused(f"prompt-refused: {self.name} refused the prompt: {describe(error)}")
        return ModelFault(f"the reflection model {self.name!r} failed: {describe(error)}")


def prompt_id(messages: Sequence[Message]) -> str:
    """What a question is known by: roles, texts and the contents of images."""
    return content_id(
        [[message.role, message.content, *(image.digest for image in message.images)] for message in messages]
    )
