"""Images in LlamaIndex's messages are references in the trajectory, and still at hand."""

from __future__ import annotations

import asyncio
import base64
import inspect
from typing import Any

import pytest
from gepa_llamaindex import LlamaIndexAdapter
from gepa_llamaindex.reading import message_json
from gepa_llamaindex.testing import ScriptedLLM
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import MockLLM
from llama_index.core.memory import ChatMemoryBuffer

from gepa_core.codec import encode
from gepa_core.images import Image, image_of, images_in
from gepa_core.protocols import Message, SeeingModel

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
ENCODED = base64.b64encode(PNG)
URL = f"data:image/png;base64,{ENCODED.decode()}"


def picture() -> Image:
    image = image_of(PNG)
    assert image is not None
    return image


@pytest.mark.parametrize("options", [{"image": PNG}, {"image": ENCODED}, {"url": URL}])
def test_a_message_refers_to_an_image_and_holds_it(options: dict[str, Any]) -> None:
    said = message_json(
        ChatMessage(role="user", blocks=[TextBlock(text="What is it?"), ImageBlock(**options)])
    )
    assert list(images_in(said)) == [picture()]


def test_a_trajectory_refers_to_an_image_until_it_is_stored() -> None:
    seen = ChatMessage(role="user", blocks=[TextBlock(text="Here it is."), ImageBlock(image=PNG)])
    engine = SimpleChatEngine.from_defaults(
        llm=ScriptedLLM(reply=lambda _: "A cat."),
        memory=ChatMemoryBuffer.from_defaults(chat_history=[seen], token_limit=10_000),
        system_prompt="Name what is in the picture.",
    )
    work: Any = LlamaIndexAdapter().wrap(engine).run({}, "What is it?")
    rollout = asyncio.run(work) if inspect.iscoroutine(work) else work
    assert rollout.error is None
    (step,) = [one for one in rollout.trajectory.steps if one.kind == "model"]
    assert list(images_in(step.inputs)) == [picture()]
    assert picture().reference in encode(step)
    assert ENCODED.decode() not in encode(step)


def sees(model: Any) -> bool:
    wrapped = LlamaIndexAdapter().language_model(model)
    assert isinstance(wrapped, SeeingModel)
    return asyncio.run(wrapped.sees_images())


def test_a_chat_model_sees_and_a_text_model_does_not() -> None:
    assert sees(ScriptedLLM(reply=lambda _: ""))
    assert not sees(MockLLM())


def test_a_message_with_images_is_made_of_blocks() -> None:
    asked: list[Any] = []

    class Keeping(ScriptedLLM):
        async def achat(self, messages: Any, **kwargs: Any) -> Any:
            asked.extend(messages)
            return await super().achat(messages, **kwargs)

    wrapped = LlamaIndexAdapter().language_model(Keeping(reply=lambda _: "A cat."))
    assert wrapped is not None
    asyncio.run(wrapped.complete([Message("system", "Look."), Message("user", "Well?", (picture(),))]))
    assert asked[0] == ChatMessage(role="system", content="Look.")
    assert [type(block) for block in asked[1].blocks] == [TextBlock, TextBlock, ImageBlock, TextBlock]
    assert base64.b64decode(asked[1].blocks[2].image) == PNG
