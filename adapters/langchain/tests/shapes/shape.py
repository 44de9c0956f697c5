"""What a shape of app is: how to make one, what it is run on, and what should be found in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig

from ..scripted import Call, ScriptedModel

App = Runnable[Any, Any]

ASK = {"messages": [{"role": "user", "content": "what is 2 and 3?"}]}


@attrs.frozen(kw_only=True)
class Shape:
    """An app, and inputs and configs that together reach every text in it.

    Attributes:
        make: makes the app around a model.
        prompts: names of the components that are prompts, in order.
        descriptions: names of those that describe tools and structured output.
        dead: by name, why the text of a component reaches no model.
        script: the tool calls of the model.
        answer: what the model says in the end.
        inputs: what the app is run on.
        configs: how it is run.
        tools: the tool calls of a run on the first inputs.
        retrievals: how many there are in it.
        is_async: whether the app can only be awaited.
    """

    make: Callable[[ScriptedModel], App]
    prompts: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    dead: Mapping[str, str] = attrs.field(factory=dict)
    script: tuple[Call, ...] = ()
    answer: str = "done"
    inputs: tuple[Any, ...] = ({"question": "why?"},)
    configs: tuple[RunnableConfig, ...] = ({},)
    tools: tuple[str, ...] = ()
    retrievals: int = 0
    is_async: bool = False

    def model(self, delay: float = 0.0) -> ScriptedModel:
        """A model that follows the script."""
        return ScriptedModel(script=list(self.script), answer=self.answer, delay=delay)


def chat_prompt(system: str, human: str = "{question}") -> ChatPromptTemplate:
    """A system message and a question."""
    return ChatPromptTemplate.from_messages([("system", system), ("human", human)])
