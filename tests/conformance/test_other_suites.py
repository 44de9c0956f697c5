"""The suites for plugins and models find mistakes, each at the right test."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest

from gepa_core import background, hookimpl
from gepa_core.protocols import Completion, Message
from gepa_core.testing import LanguageModelSuite, ModelSuite, PluginSuite, ScriptedModel, toy_model
from gepa_core.types import Usage
from tests.conformance.verdicts import failures


class FirstCall:
    @hookimpl
    def gepa_select_parent(self, pool: Any) -> Any:
        """Another member at each call: state between calls."""
        self.calls = getattr(self, "calls", -1) + 1
        return pool.members[self.calls % len(pool.members)]


class Unseeded:
    @hookimpl
    def gepa_sample_examples(self, pool: Any) -> Any:
        return random.sample(pool.train, 1)


class WrongKind:
    @hookimpl
    def gepa_select_parent(self, pool: Any) -> Any:
        return pool.best.index


class WritesInThePool:
    @hookimpl
    def gepa_select_parent(self, pool: Any) -> Any:
        pool.best.scores["another"] = 1.0
        return pool.best


class OfOtherComponents:
    @hookimpl
    def gepa_propose_texts(self) -> Any:
        return {"no-such-component": "text"}


class DeafToOthers:
    @hookimpl
    def gepa_notify(self, event: Any) -> None:
        print(event.proposal)


@attrs.define
class AllEqual:
    @hookimpl
    def gepa_select_parent(self, pool: Any) -> Any:
        return pool.best


class NoFeedback:
    @hookimpl
    def gepa_give_feedback(self) -> Any:
        return "well done"


class NoRollout:
    @hookimpl
    def gepa_capture_trajectory(self) -> Any:
        return {"output": 1}


class ByChance:
    @hookimpl
    def gepa_propose_texts(self, request: Any) -> Any:
        return {one.name: f"{one.text} {random.random()}" for one in request.components}


PLUGINS: dict[Callable[[], Any], set[str]] = {
    FirstCall: {"test_it_decides_by_what_it_is_given"},
    Unseeded: {"test_it_decides_by_what_it_is_given", "test_a_run_is_the_same_at_any_concurrency"},
    WrongKind: {"test_its_decisions_can_be_used"},
    WritesInThePool: {"test_the_pool_is_not_changed"},
    OfOtherComponents: {"test_its_texts_can_be_used"},
    DeafToOthers: {"test_it_hears_every_event"},
    AllEqual: {"test_it_can_be_registered"},
    NoFeedback: {"test_it_gives_feedback"},
    NoRollout: {"test_it_captures_rollouts"},
    ByChance: {"test_slow_hooks_answer_alike"},
}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_each_mistake_of_a_plugin_is_found(plugin: Callable[[], Any]) -> None:
    class Mutant(PluginSuite):
        examples = 15

        def plugin(self) -> Any:
            return plugin()

    found = failures(Mutant)
    assert set(found) >= PLUGINS[plugin], found


def test_each_test_of_the_plugin_suite_finds_some_mistake() -> None:
    every = {name for name in dir(PluginSuite) if name.startswith("test_")}
    meta = {"test_no_requirement_is_overridden_without_a_reason"}  # held by the mutants of adapters
    assert every - set().union(*PLUGINS.values()) == meta


class Taken:
    """A framework's model, taken well."""

    name = "scripted"

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model

    async def complete(self, messages: Any) -> Completion:
        return await self.model.complete(messages)


class Nameless(Taken):
    name = ""


class Formats(Taken):
    async def complete(self, messages: Any) -> Completion:
        return await super().complete(
            [attrs.evolve(one, content=one.content.strip("<>")) for one in messages]
        )


class Strips(Taken):
    async def complete(self, messages: Any) -> Completion:
        completion = await super().complete(messages)
        return attrs.evolve(completion, text=completion.text.strip("{}`"))


class ForFree(Taken):
    async def complete(self, messages: Any) -> Completion:
        return attrs.evolve(await super().complete(messages), usage=Usage(calls=1))


class HidesErrors(Taken):
    async def complete(self, messages: Any) -> Completion:
        try:
            return await super().complete(messages)
        except ConnectionError:
            return Completion(text="")


class KeepsTheLast(Taken):
    async def complete(self, messages: Any) -> Completion:
        self.last = messages
        await self.model.complete([Message("user", "warm up")])
        return await super().complete(self.last)


class SaysThatItSees(Taken):
    async def sees_images(self) -> bool:
        return True


MODELS: dict[type[Taken], set[str]] = {
    Taken: set(),
    Nameless: {"test_a_chat_model_is_taken"},
    Formats: {"test_conversations_arrive_verbatim_and_in_order"},
    Strips: {"test_answers_arrive_verbatim"},
    ForFree: {"test_usage_is_known_or_said_to_be_unknown"},
    HidesErrors: {"test_errors_can_be_told_apart"},
    SaysThatItSees: {"test_images_arrive_where_the_model_says_that_it_sees"},
    KeepsTheLast: {"test_calls_at_once_are_kept_apart"},
}


@attrs.frozen
class Chat:
    """A framework's chat model."""

    scripted: ScriptedModel


@attrs.frozen
class Takes:
    kind: type[Taken]
    anything: bool = False

    def wrap(self, target: Any) -> Any:
        raise NotImplementedError

    def language_model(self, model: Any) -> Any:
        if isinstance(model, Chat):
            return self.kind(model.scripted)
        return self.kind(ScriptedModel()) if self.anything else None


def _suite(adapter: Takes) -> type[LanguageModelSuite]:
    class Models(LanguageModelSuite):
        examples = 20

        def adapter(self) -> Any:
            return adapter

        def chat_model(self, model: ScriptedModel) -> Any:
            return Chat(model)

    return Models


@pytest.mark.parametrize("kind", MODELS)
def test_each_mistake_of_a_chat_model_is_found(kind: type[Taken]) -> None:
    assert set(failures(_suite(Takes(kind)))) == MODELS[kind]


def test_an_adapter_that_takes_any_model_is_found() -> None:
    assert set(failures(_suite(Takes(Taken, anything=True)))) == {"test_other_objects_are_not_taken"}


class TestToyModel(ModelSuite):
    captures_usage = True

    def language_model(self) -> ScriptedModel:
        return toy_model()


def test_a_model_that_answers_by_order_of_calls_is_found() -> None:
    class Counting(ModelSuite):
        def language_model(self) -> Any:
            count = iter(range(1000, 0, -1))
            return ScriptedModel(lambda sent: f"{random.random()} {next(count)} {sent}")

    assert set(failures(Counting)) == {"test_calls_at_once_are_kept_apart"}


def test_a_model_that_fails_on_images_is_found() -> None:
    class Strict(ScriptedModel):
        async def complete(self, messages: Sequence[Message]) -> Completion:
            if any(message.images for message in messages):
                raise ValueError("what is this?")
            return await super().complete(messages)

    class Models(ModelSuite):
        def language_model(self) -> Any:
            return Strict()

    assert set(failures(Models)) == {"test_a_message_with_images_is_answered"}


def test_the_scripted_model_answers_in_order_and_fails_when_told() -> None:
    model = ScriptedModel(["one", "two"])
    assert [model.answer("a"), model.answer(["b", {"role": "user", "content": "c"}])] == ["one", "two"]
    assert model.sent == ["a", "b\nuser\nc"]
    with pytest.raises(AssertionError, match="the script has 2 answers, and this is call 3"):
        model.answer("d")
    model.clear()
    model.fail(KeyError("k"), at=1)
    completion = background.run(model.complete([Message("user", "two words")]), lambda: None)
    assert (completion.text, completion.usage.input_tokens) == ("one", 2)
    with pytest.raises(KeyError):
        model.answer("again")
