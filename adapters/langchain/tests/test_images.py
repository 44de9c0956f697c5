"""Images in LangChain's messages are references in the trajectory, and still at hand."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from gepa_langchain import LangChainAdapter
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder

from gepa_core.codec import encode
from gepa_core.images import image_of, images_in
from gepa_core.protocols import Message, SeeingModel
from gepa_core.types import Rollout

from .conftest import RecordingModel

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
ENCODED = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{ENCODED}"
BLOCKS: list[dict[str, Any]] = [
    {"type": "image_url", "image_url": {"url": URL}},
    {"type": "image", "base64": ENCODED, "mime_type": "image/png"},
    {"type": "image", "source_type": "base64", "data": ENCODED, "mime_type": "image/png"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ENCODED}},
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_trajectory_refers_to_an_image_and_holds_it_until_it_is_stored(
    block: dict[str, Any], model: RecordingModel
) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Name it."), MessagesPlaceholder("said")])
    system = LangChainAdapter().wrap(prompt | model)
    said = [HumanMessage([{"type": "text", "text": "What is it?"}, block])]
    work: Any = system.run({}, {"said": said})
    rollout = asyncio.run(work) if asyncio.iscoroutine(work) else work
    assert isinstance(rollout, Rollout)
    (step,) = rollout.trajectory.steps
    image = image_of(PNG)
    assert image is not None
    assert list(images_in(step.inputs)) == [image]
    assert image.reference in encode(step)
    assert ENCODED not in encode(step)


def test_an_image_variable_of_a_template_is_a_reference(model: RecordingModel) -> None:
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Name it."), ("human", [{"type": "image_url", "image_url": {"url": "{photo}"}}])]
    )
    work: Any = LangChainAdapter().wrap(prompt | model).run({}, {"photo": URL})
    rollout = asyncio.run(work) if asyncio.iscoroutine(work) else work
    assert ENCODED in str(model.seen[-1][-1].content)
    assert [image.data for image in images_in(rollout.trajectory.steps[0].inputs)] == [PNG]


def sees(model: Any) -> bool:
    wrapped = LangChainAdapter().language_model(model)
    assert isinstance(wrapped, SeeingModel)
    return asyncio.run(wrapped.sees_images())


def test_a_chat_model_sees_unless_its_profile_says_that_it_does_not(model: RecordingModel) -> None:
    assert sees(model)
    assert sees(model.with_retry())
    assert not sees(FakeListLLM(responses=["x"]))
    assert not sees(RecordingModel(profile={"image_inputs": False}))


def test_a_message_with_images_is_a_list_of_blocks_and_one_without_a_text(model: RecordingModel) -> None:
    image = image_of(PNG)
    assert image is not None
    wrapped = LangChainAdapter().language_model(model)
    assert wrapped is not None
    asyncio.run(wrapped.complete([Message("system", "Look."), Message("user", "Well?", (image,))]))
    (system, user) = model.seen[0]
    assert system.content == "Look."
    assert [block["type"] for block in user.content if isinstance(block, dict)] == [
        "text",
        "text",
        "image_url",
        "text",
    ]
