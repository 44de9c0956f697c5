"""The simulated model in process: the object that the server puts behind HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import attrs

from gepa_offline.domains import all_domains
from gepa_offline.draws import Draws
from gepa_offline.judge import Judge, TaskRates
from gepa_offline.prompt import Answer, MessageDict, Prompt, ToolDict
from gepa_offline.reflection.rates import ReflectionRates
from gepa_offline.reflection.rewrite import reflect

TASK_MODEL = "simulated-task"
REFLECTION_MODEL = "simulated-reflection"
MODELS = (TASK_MODEL, REFLECTION_MODEL)

NOT_KNOWN = "I am a simulated model and know only the domains that I was made for; this is none of them."


@attrs.frozen(kw_only=True)
class SimulatedModel:
    """Both simulated models. Every answer is a function of the seed and the prompt.

    Attributes:
        seed: changes every random draw.
        task: how reliable the task model is.
        reflection: what the reflection model gets right and wrong.
    """

    seed: int = 0
    task: TaskRates = TaskRates()
    reflection: ReflectionRates = ReflectionRates()

    def answer(self, messages: Sequence[MessageDict], *, model: str = TASK_MODEL) -> str:
        """The text that a model answers to messages of the OpenAI chat protocol.

        Raises:
            ValueError: there is no model of that name.
        """
        return self.complete(messages, model=model).text

    def ask(self, messages: Sequence[MessageDict], tools: Sequence[ToolDict] = ()) -> Answer:
        """The task model's answer, which may call one of ``tools``."""
        return self.complete(messages, tools=tools)

    def complete(
        self, messages: Sequence[MessageDict], *, model: str = TASK_MODEL, tools: Sequence[ToolDict] = ()
    ) -> Answer:
        """A model's whole answer to messages, with tools offered.

        Raises:
            ValueError: there is no model of that name.
        """
        prompt = Prompt.of(messages, tools)
        draws = Draws(self.seed, prompt.key)
        if model == REFLECTION_MODEL:
            return Answer(text=reflect(prompt.whole, self.reflection, draws))
        if model != TASK_MODEL:
            raise ValueError(f"there is no model {model!r}; the simulated models are {', '.join(MODELS)}")
        return _answer_task(prompt, Judge(self.task, draws))


def _answer_task(prompt: Prompt, judge: Judge) -> Answer:
    for domain in all_domains():
        answer = domain.answer(prompt, judge)
        if answer is not None:
            return answer
    return Answer(text=NOT_KNOWN)


@cache
def default_task_model() -> SimulatedModel:
    """The model that `Domain.run` asks when it is given none: seed 0, default rates."""
    return SimulatedModel()
