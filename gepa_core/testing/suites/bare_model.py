"""The suite for an object that is a `LanguageModel` itself."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from gepa_core import background
from gepa_core.images import Image
from gepa_core.protocols import Completion, LanguageModel, Message
from gepa_core.testing.suites.base import Suite

_PROMPTS = tuple(f"Rewrite the text number {number}." for number in range(12))


class ModelSuite(Suite):
    """What holds for every `LanguageModel` that is passed to `optimize` as it is.

    For a framework's chat models, which an adapter turns into one, there is `LanguageModelSuite`.

    Attributes:
        captures_usage: whether the model reports the tokens that it used.
        is_deterministic: whether equal prompts have equal answers.
    """

    captures_usage: bool = False
    is_deterministic: bool = True

    @abstractmethod
    def language_model(self) -> LanguageModel:
        """A new model, with the same options each time."""

    def test_it_is_a_language_model(self) -> None:
        """Required: it has a name, a text, and an async `complete`.

        To mend: give it what `gepa_core.protocols.LanguageModel` lists.
        """
        model = self.language_model()
        assert isinstance(model, LanguageModel)
        assert isinstance(model.name, str)
        assert model.name

    def test_completions_are_complete(self) -> None:
        """Required: a `Completion` with a text, one call, and tokens that are there or counted as unmetered.

        To mend: begin with ``Usage(calls=1, unmetered=1, unpriced=1)`` and put in what the provider reports.
        """
        (completion,) = _answers(self.language_model(), _PROMPTS[:1])
        assert isinstance(completion, Completion)
        assert isinstance(completion.text, str)
        assert isinstance(completion.finish_reason, str)
        assert completion.usage.calls == 1
        assert completion.usage.tokens or completion.usage.unmetered == 1
        assert completion.usage.unmetered == 0 or not self.captures_usage

    def test_a_message_with_images_is_answered(self) -> None:
        """Required: images beside a message's text do no harm, also to a model that cannot see them.

        To mend: read ``message.content``; only a `gepa_core.protocols.SeeingModel` needs ``message.images``.
        """
        image = Image(media_type="image/png", data=b"\x89PNG\r\n\x1a\n" + bytes(64), name="image-1")
        (completion,) = _answers(self.language_model(), _PROMPTS[:1], images=(image,))
        assert isinstance(completion.text, str)

    def test_calls_at_once_are_kept_apart(self) -> None:
        """Required where `is_deterministic`: calls at once are answered as they are one after the other, and
        a new instance answers alike.

        To mend: keep nothing of a call on the object, and draw from a generator that the prompt seeds.
        """
        at_once = _answers(self.language_model(), _PROMPTS)
        assert len(at_once) == len(_PROMPTS)
        if self.is_deterministic:
            model = self.language_model()
            alone = [one for prompt in _PROMPTS for one in _answers(model, [prompt])]
            assert [one.text for one in at_once] == [one.text for one in alone]


def _answers(
    model: LanguageModel, prompts: tuple[str, ...] | list[str], images: tuple[Image, ...] = ()
) -> list[Completion]:
    async def ask() -> list[Completion]:
        asked = (model.complete([Message("user", one, images)]) for one in prompts)
        return list(await asyncio.gather(*asked))

    return background.run(ask(), lambda: None)
