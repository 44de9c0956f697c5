"""Suites for the tutorial's adapter, to be broken in `tests.conformance.mutants`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gepa_core.appgraph import path_copy
from gepa_core.testing import AdapterSuite, ScriptedModel
from gepa_core.types import Rollout, Step, Trajectory
from tests.conformance.tutorial import gepa_tinychain, tinychain


class FakeModel(tinychain.Model):  # type: ignore[misc]
    """A model of the tutorial's framework."""

    def __init__(self, scripted: ScriptedModel) -> None:
        self.scripted = scripted

    def answer(self, prompt: str) -> str:
        return self.scripted.answer(prompt)


class Changed:
    """The tutorial's adapter, whose system is changed."""

    def __init__(self, change: Callable[[Any], Any]) -> None:
        self.change = change

    def wrap(self, target: Any) -> Any:
        return self.change(gepa_tinychain.TinychainAdapter().wrap(target))

    def language_model(self, model: Any) -> Any:
        return gepa_tinychain.TinychainAdapter().language_model(model)


class ChainSuite(AdapterSuite):
    """The tutorial's app. Mutants have another adapter."""

    inputs = ({"question": "why is the sky blue?"}, {"question": "what is 6 times 7?"})
    names = ("draft", "final")
    model_types = (FakeModel,)
    is_installed = False
    examples = 12

    def adapter(self) -> Any:
        return gepa_tinychain.TinychainAdapter()

    def app(self, model: ScriptedModel) -> Any:
        draft = tinychain.Prompt('Think about {question}, then answer as {{"answer": "…"}}.')
        final = tinychain.Prompt("Shorten this answer to {question}:\n{draft}")
        links = [("draft", draft), ("final", final)]
        return tinychain.Chain([tinychain.Link(name, prompt, FakeModel(model)) for name, prompt in links])

    def call(self, app: Any, inputs: dict[str, str]) -> Any:
        return app.run(**inputs)


class Conversation(tinychain.Chain):  # type: ignore[misc]
    """A chain that remembers what was asked."""

    def __init__(self, links: list[Any]) -> None:
        super().__init__(links)
        self.history: list[str] = []

    def run(self, **values: str) -> str:
        self.history.append(values["question"])
        return str(super().run(**{**values, "question": "; ".join(self.history)}))


class ConversationSuite(ChainSuite):
    """The same with a memory."""

    has_memory = True

    def app(self, model: ScriptedModel) -> Any:
        return Conversation(super().app(model).links)


def with_new_memory(system: Any, texts: Mapping[str, str], inputs: Any) -> Rollout:
    """A rollout of a `Conversation` that remembers nothing."""
    steps: list[Step] = []
    output, failure = None, None
    try:
        values = {**system._templates(texts), **system._recorded(texts, steps)}
        fresh: dict[int, Any] = {id(system.graph.root.history): []}
        policy = gepa_tinychain.ChainPolicy()
        output = path_copy(system.graph, values, policy, replaced=fresh).root.run(**inputs)
    except Exception as error:
        failure = error
    return Rollout(output=output, trajectory=Trajectory(steps=tuple(steps)), error=failure)
