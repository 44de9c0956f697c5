"""The suite for `Adapter.language_model`."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import strategies as st

from gepa_core import background
from gepa_core.faults import classify
from gepa_core.images import Image
from gepa_core.protocols import Adapter, Completion, LanguageModel, Message, SeeingModel
from gepa_core.testing.models import ScriptedModel
from gepa_core.testing.strategies import texts
from gepa_core.testing.suites.base import Suite, for_all


class LanguageModelSuite(Suite):
    """What holds for a framework's chat models as reflection models.

    Subclass it in a test module, under a name that begins with ``Test``, and supply `adapter` and
    `chat_model`.

    Attributes:
        captures_usage: whether the model reports the tokens that it used.
        replaces_errors: whether the framework raises errors of its own instead of the client's.
    """

    captures_usage: bool = False
    replaces_errors: bool = False

    @abstractmethod
    def adapter(self) -> Adapter:
        """The adapter."""

    @abstractmethod
    def chat_model(self, model: ScriptedModel) -> Any:
        """A chat model of the framework that hands what it is sent to ``model.answer(…)``."""

    def test_a_chat_model_is_taken(self) -> None:
        """Required: `language_model` returns a `LanguageModel` with a name for a chat model.

        To mend: return an object with a `name` and an async `complete`.
        """
        taken = self._taken(ScriptedModel())
        assert isinstance(taken, LanguageModel)
        assert taken.name
        assert isinstance(taken.name, str)

    def test_other_objects_are_not_taken(self) -> None:
        """Required: `language_model` returns None for anything else, and does not raise.

        To mend: check the type.
        """
        for other in (object(), "provider/model", len, ScriptedModel()):
            assert self.adapter().language_model(other) is None

    def test_conversations_arrive_verbatim_and_in_order(self) -> None:
        """Required: all messages reach the model, each as it was written, in their order.

        To mend: make a message object of the right role of each; never a template: braces are text here.
        """
        model = ScriptedModel()
        taken = self._taken(model)
        said = st.lists(texts(max_size=80).filter(str.strip), min_size=1, max_size=4)

        def check(contents: list[str]) -> None:
            _complete(taken, _conversation([f"<<{content}>>" for content in contents]))
            sent, place = model.sent[-1], 0
            for content in contents:
                place = sent.find(f"<<{content}>>", place)
                assert place >= 0, f"{content!r} is not there, or at another place: {sent!r}"

        for_all(said, check, self.examples, shrink=True)

    def test_answers_arrive_verbatim(self) -> None:
        """Required: `Completion.text` is what the model said.

        To mend: take the answer's text content, without stripping or parsing it.
        """

        def check(answer: str) -> None:
            taken = self._taken(ScriptedModel(lambda _: answer))
            assert _complete(taken, [Message("user", "Say it.")]).text == answer

        for_all(texts(max_size=80).filter(str.strip), check, self.examples, shrink=True)

    def test_images_arrive_where_the_model_says_that_it_sees(self) -> None:
        """Required: images reach the model where `sees_images` says yes, and the text does always.

        To mend: make a message of `gepa_core.lm.parts.as_parts`, or leave `sees_images` out.
        """
        model = ScriptedModel()
        taken = self._taken(model)
        image = Image(media_type="image/png", data=b"\x89PNG\r\n\x1a\n" + bytes(64), name="image-1")
        _complete(taken, [Message("user", "What does [image-1] show?", (image,))])
        assert "What does [image-1] show?" in model.sent[-1]
        assert (image.reference in model.sent[-1]) == _sees(taken), "it says otherwise than it does"

    def test_usage_is_known_or_said_to_be_unknown(self) -> None:
        """Required: one call is counted, with its tokens, or as unmetered; price alike.

        To mend: begin with ``Usage(calls=1, unmetered=1, unpriced=1)`` and put in what the model reports.
        """
        completion = _complete(self._taken(ScriptedModel()), [Message("user", "How are you?")])
        assert isinstance(completion, Completion)
        assert isinstance(completion.finish_reason, str)
        usage = completion.usage
        assert usage.calls == 1
        assert usage.tokens or usage.unmetered == 1, f"0 tokens, and not unknown: {usage}"
        if self.captures_usage:
            assert usage.unmetered == 0

    def test_errors_can_be_told_apart(self) -> None:
        """Required: a lost connection comes through as it was raised, so that the engine tries again.

        To mend: let the client's exceptions pass, or raise `InfrastructureFault` from them.
        """
        model = ScriptedModel()
        model.fail(ConnectionError("the line is dead"))
        with pytest.raises(Exception, match=r".") as raised:
            _complete(self._taken(model), [Message("user", "Are you there?")])
        assert classify(raised.value).kind == "infrastructure" or self.replaces_errors, repr(raised.value)

    def test_calls_at_once_are_kept_apart(self) -> None:
        """Required: of 16 calls at once each gets its own answer.

        To mend: keep nothing of a call on the model's object.
        """
        taken = self._taken(ScriptedModel(lambda sent: f"echo of {sent}", delay=0.002))

        async def together() -> list[Completion]:
            asked = [taken.complete([Message("user", f"number {number};")]) for number in range(16)]
            return list(await asyncio.gather(*asked))

        answers = [completion.text for completion in background.run(together(), lambda: None)]
        wrong = [number for number, answer in enumerate(answers) if f"number {number};" not in answer]
        assert not wrong, f"answers of others: {[answers[number] for number in wrong]}"

    def _taken(self, model: ScriptedModel) -> LanguageModel:
        taken = self.adapter().language_model(self.chat_model(model))
        assert taken is not None, "language_model returned None for a chat model of the framework"
        return taken


def _conversation(contents: Sequence[str]) -> list[Message]:
    """A system message first when there are several, then user and assistant in turn."""
    if len(contents) == 1:
        return [Message("user", contents[0])]
    system, *others = contents
    turns = [Message("assistant" if number % 2 else "user", content) for number, content in enumerate(others)]
    return [Message("system", system), *turns]


def _sees(model: LanguageModel) -> bool:
    async def ask() -> bool:
        return isinstance(model, SeeingModel) and await model.sees_images()

    return background.run(ask(), lambda: None)


def _complete(model: LanguageModel, messages: Sequence[Message]) -> Completion:
    async def ask() -> Completion:
        return await model.complete(messages)

    return background.run(ask(), lambda: None)
