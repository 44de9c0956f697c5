"""The simulated reflection model as a `gepa_core.protocols.LanguageModel`, in process."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from gepa_core.protocols import Completion, LanguageModel, Message
from gepa_core.types import Usage
from gepa_offline.model import REFLECTION_MODEL, SimulatedModel
from gepa_offline.prompt import Prompt
from gepa_offline.reflection.rates import ReflectionRates
from gepa_offline.tokens import count_answer, count_prompt


@attrs.frozen(kw_only=True)
class SimulatedLanguageModel:
    """One of the simulated models, answering without a server. It costs nothing and says so."""

    model: SimulatedModel
    name: str = REFLECTION_MODEL

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Answer at once: the same text as the server gives for these messages."""
        dicts = [{"role": message.role, "content": message.content} for message in messages]
        answer = self.model.complete(dicts, model=self.name)
        usage = Usage(
            calls=1,
            input_tokens=count_prompt(Prompt.of(dicts)),
            output_tokens=count_answer(answer),
            dollars=0.0,
        )
        return Completion(text=answer.text, usage=usage, finish_reason="stop")


def reflection_model(seed: int = 0, rates: ReflectionRates | None = None) -> LanguageModel:
    """The simulated reflection model, for `optimize(reflection_lm=...)`, without a server.

    Args:
        seed: changes every random draw.
        rates: what it gets right and wrong.
    """
    return SimulatedLanguageModel(model=SimulatedModel(seed=seed, reflection=rates or ReflectionRates()))
